"""Masks laid on the units of fairseq's network: ``models.gates`` on the sites of ``sites``."""

from collections.abc import Mapping

from torch import Tensor, nn

from workflow_scripts.models import gates as shared
from workflow_scripts.models.fairseq.sites import sites_of
from workflow_scripts.units.mask_table import MaskTable


class Gates(shared.Gates):
    """The masks of one network and how they act."""

    def __init__(
        self,
        network: nn.Module,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Prepare the masks, as ``models.gates.Gates``; ValueError for units that the network lacks."""
        super().__init__(network, sites_of(network, masks.space), masks, gates, means)
