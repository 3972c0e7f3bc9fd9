"""What two models' units share, from their covariances: best single units, regressions, directions.

Bau et al. (2019): a unit's best correlation with any unit of another model, and how well all units of the
other model predict it. Raghu et al. (2017): SVCCA, canonical correlations of the main components.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from workflow_scripts.analyse.correlation.sums import Moments

#: Of LinReg: added to each predictor's variance, which is 1. It makes the solution unique where units repeat
#: one another or are constant; least squares without it may then be arbitrary.
RIDGE = 1e-4
#: Of SVCCA: components whose cumulative share of the variance is strictly below it.
SHARE = 0.99
#: An eigenvalue below this share of the largest is rounding of float32 products.
SMALLEST = 1e-6


def _scale(variance: Tensor) -> Tensor:
    """One over the standard deviation, [D]; 0 of constant units, which then correlate with nothing."""
    return torch.where(variance > 0, variance.clamp(min=torch.finfo(torch.float64).tiny).rsqrt(), 0.0)


def correlations(covariance: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """Return the correlation of every two units, float64 [D, E]. ``one`` [D], ``other`` [E]: variances."""
    return (covariance * _scale(one)[:, None] * _scale(other)[None, :]).clamp(-1.0, 1.0)


def best(correlation: Tensor) -> Tensor:
    """Return each unit's largest |correlation| with any unit of the other model, [D]."""
    return correlation.abs().amax(dim=1)


@dataclass(frozen=True)
class Regression:
    """A ridge regression on all units of one model, of standardised values of the fitted part.

    ``factor`` [E, E]: the Cholesky factor of correlation + ridge. ``model``: whose units predict.
    """

    fit: Moments
    model: int
    ridge: float
    factor: Tensor

    @classmethod
    def of(cls, fit: Moments, model: int, ridge: float = RIDGE) -> "Regression":
        """Prepare to predict from a model's units."""
        variance = fit.variance(model)
        gram = correlations(fit.covariance(model, model), variance, variance)
        gram.diagonal().add_(ridge)
        return cls(fit, model, ridge, torch.linalg.cholesky(gram))

    def weights(self, target: int, covariance: Tensor) -> Tensor:
        """Return the weights [E, D] that predict the units of ``target``, whose covariance with the
        predictors in the fitted part is [D, E]."""
        own, predicted = self.fit.variance(self.model), self.fit.variance(target)
        return torch.cholesky_solve(correlations(covariance, predicted, own).T, self.factor)

    def r2(self, part: Moments, target: int, weights: Tensor, covariance: Tensor) -> Tensor:
        """Return the share of each target unit's variance in a part that the weights explain, [D].

        ``covariance`` [D, E]: in that part. At most 1, negative where the mean predicts better, NaN of a unit
        that is constant in this part or in the fitted one.
        """
        own, other = _scale(self.fit.variance(target)), _scale(self.fit.variance(self.model))
        variance = part.variance(target) * own.square()
        # Both parts are measured from the fitted part's means, where the predictions are.
        apart = (part.mean(target) - self.fit.mean(target)) * own
        moved = (part.mean(self.model) - self.fit.mean(self.model)) * other
        together = (covariance * own[:, None] * other[None, :]).T + torch.outer(moved, apart)
        if part is self.fit:
            # The weights solve (gram + ridge) · weights = together.
            of_predicted = together - self.ridge * weights
        else:
            gram = part.covariance(self.model, self.model) * other[:, None] * other[None, :]
            gram += torch.outer(moved, moved)
            of_predicted = gram @ weights
        error = variance + apart.square() - 2 * (weights * together).sum(dim=0)
        error += (weights * of_predicted).sum(dim=0)
        undefined = torch.full_like(variance, torch.nan)
        return torch.where(variance > 0, 1 - error / variance, undefined)


def components(moments: Moments, model: int, share: float = SHARE) -> Tensor:
    """Return the whitened main components of a model's standardised units, [D, components]; perhaps none."""
    variance = moments.variance(model)
    gram = correlations(moments.covariance(model, model), variance, variance)
    found, vectors = torch.linalg.eigh(gram)
    found, vectors = found.flip(0).clamp(min=0.0), vectors.flip(1)
    kept = int((found.cumsum(0) < share * found.sum()).sum())
    # What rounding alone left has no direction.
    kept = min(kept, int((found > SMALLEST * found[0]).sum()))
    return vectors[:, :kept] * found[:kept].rsqrt()


def canonical(correlation: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """Return the canonical correlations of two models' components, in descending order, [the fewer]; rounding
    above 1 is cut off. ``correlation`` [D, E] of units; ``one``, ``other``: of ``components``."""
    return torch.linalg.svdvals(one.T @ correlation @ other).clamp(max=1.0)
