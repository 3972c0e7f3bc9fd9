"""train.use_system: a system of another experiment, taken whole (mistakes: tests/malformed/used_cases.py)."""

import pytest

from tests.malformed.used_cases import BASELINE, FORM, baseline, finetuned, made_here, parts, write
from workflow_scripts.train import join_systems, use_vocabulary
from workflow_scripts.train.use_system import main
from workflow_scripts.units.system import SystemFolder


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_system_is_copied_byte_for_byte(here):
    main(baseline(here).split())
    copied = {path.name: path.read_bytes() for path in (here / "here").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in (here / "there").iterdir()}
    assert set(copied) == {"system.json", "model.safetensors", "spm.model", "dict.txt"}
    # A link would carry the other experiment's times.
    assert all((here / "here" / name).stat().st_nlink == 1 for name in copied)


@pytest.mark.parametrize(("rule", "k", "maskset"), [("mass", "95", "k95"), ("all", None, "all")])
def test_a_system_of_the_same_masks(here, rule, k, maskset):
    main(finetuned(here, rule, k, maskset).split())
    assert (here / "here/masks.npz").read_bytes() == (here / "masked/masks.npz").read_bytes()


def test_a_system_with_the_masks_that_are_made_here(here):
    main(made_here(here, [1, 1, 1, 1, 1, 1]).split())
    assert (here / "here/masks.npz").read_bytes() == (here / "masked/masks.npz").read_bytes()


def test_a_system_of_parts_is_copied_without_its_links(here):
    """The parts themselves are not taken."""
    join_systems.main(parts(here).split())
    words = f"--from joined --out here --vocabulary vocabulary {BASELINE.replace('baseline', 'full')} {FORM}"
    main([*words.split(), "--baseline", "there", "--own-weights", "de-en", "en-de"])
    assert (here / "here/de-en.safetensors").read_text() == "tuned de-en"
    assert not any(path.is_symlink() for path in (here / "here").iterdir())


def test_a_system_that_was_not_trained(here):
    main(finetuned(here, "mass", "95", "k95", options="--train none", trained=False).split())
    assert (here / "here/model.safetensors").read_text() == "model.safetensors"


def test_a_system_of_adapters_was_trained(here):
    """Its weights are the baseline's, and another file has what was trained."""
    words = finetuned(here, "all", None, "all", trained=False)
    (here / "masked/adapters.safetensors").write_text("small")
    made_from = SystemFolder.read(here / "there").weights_sha256
    parent = {"system": "baseline", "weights_sha256": made_from}
    rows = {"adapters": {"kind": "lora", "size": 8}, "adapter_rows": {"de-en": "family"}}
    write(here / "masked", "mine", "de-en", parent=parent, **rows)
    main(words.split())
    assert (here / "here/adapters.safetensors").read_text() == "small"


def test_the_vocabulary_is_the_baselines(here):
    baseline(here)
    words = "--from there --out-model subwords/spm.model --out-dict subwords/dict.txt"
    use_vocabulary.main(words.split())
    copied = {path.name: path.read_text() for path in (here / "subwords").iterdir()}
    assert copied == {"spm.model": "spm.model", "dict.txt": "dict.txt"}
