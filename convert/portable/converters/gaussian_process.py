"""GaussianProcessClassifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from .nodes import Nodes
from .projections import squared_distances


def probabilities(nodes: Nodes, model: Any, x: str) -> str:
    """Convert GaussianProcessClassifier, two classes or one against the rest."""
    base = model.base_estimator_
    if hasattr(base, "estimators_") and hasattr(base, "pairwise_indices_"):
        raise Refused("GaussianProcessClassifier with multi_class='one_vs_one' has no probabilities")
    members = base.estimators_ if hasattr(base, "estimators_") else [base]
    columns = [_second_class(nodes, member, x) for member in members]
    if len(columns) == 1:
        return nodes.two_classes(columns[0])
    p = nodes.concat(columns)
    return nodes("Div", p, nodes.total(p))


def _second_class(nodes: Nodes, model: Any, x: str) -> str:
    """Follow _BinaryGaussianProcessClassifierLaplace.predict_proba (Rasmussen & Williams, algorithm 3.2).

    The integral over the latent value is the mixture of five error functions of Williams & Barber,
    "Bayesian Classification with Gaussian Processes", 1998, appendix A.
    """
    from scipy.linalg import solve_triangular
    from sklearn.gaussian_process._gpc import COEFS, LAMBDAS

    points = np.asarray(model.X_train_)
    kernel = _kernel(nodes, model.kernel_, x, points)
    latent = nodes("MatMul", kernel, np.asarray(model.y_train_ - model.pi_)[:, None])
    solved = solve_triangular(model.L_, np.diag(model.W_sr_), lower=True)
    v = nodes("MatMul", kernel, solved.T)
    explained = nodes("ReduceSumSquare", v, axes=[1], keepdims=1)
    variance = nodes("Sub", _diagonal(nodes, model.kernel_, x), explained)
    # With alpha = 1 / (2 variance) scikit-learn's terms are erf(gamma / sqrt(1 + 2 lambda^2 variance)) / 2.
    lambdas = np.asarray(LAMBDAS, dtype=float).ravel()[None, :]
    under = nodes("Sqrt", nodes("Add", nodes("Mul", variance, 2.0 * lambdas**2), 1.0))
    terms = _erf(nodes, nodes("Div", nodes("Mul", latent, lambdas), under))
    coefs = np.asarray(COEFS, dtype=float).ravel()
    return nodes("Add", nodes("MatMul", terms, coefs[:, None] / 2), 0.5 * float(coefs.sum()))


def _kernel(nodes: Nodes, kernel: Any, x: str, points: Any) -> str:
    """Values of a kernel between rows and points, [N, n_points]."""
    kind = type(kernel).__name__
    if kind == "Sum":
        return nodes("Add", _kernel(nodes, kernel.k1, x, points), _kernel(nodes, kernel.k2, x, points))
    if kind == "Product":
        return nodes("Mul", _kernel(nodes, kernel.k1, x, points), _kernel(nodes, kernel.k2, x, points))
    if kind == "Exponentiation":
        return nodes("Pow", _kernel(nodes, kernel.kernel, x, points), float(kernel.exponent))
    if kind == "DotProduct":
        return nodes("Add", nodes("MatMul", x, points.T), float(kernel.sigma_0) ** 2)
    length = np.asarray(getattr(kernel, "length_scale", 1.0), dtype=float)
    squares = squared_distances(
        nodes, nodes("Div", x, np.broadcast_to(length, points.shape[1])[None]), points / length
    )
    if kind in ("ConstantKernel", "WhiteKernel"):
        value = float(kernel.constant_value) if kind == "ConstantKernel" else 0.0
        return nodes("Add", nodes("Mul", squares, 0.0), value)
    if kind == "RBF":
        return nodes("Exp", nodes("Mul", squares, -0.5))
    if kind == "RationalQuadratic":
        scaled = nodes("Div", squares, 2.0 * float(kernel.alpha))
        return nodes("Pow", nodes("Add", scaled, 1.0), -float(kernel.alpha))
    if kind == "Matern":
        return _matern(nodes, squares, float(kernel.nu))
    raise Refused(f"GaussianProcessClassifier with the kernel {kind} cannot be converted")


def _matern(nodes: Nodes, squares: str, nu: float) -> str:
    if np.isinf(nu):
        return nodes("Exp", nodes("Mul", squares, -0.5))
    if nu not in (0.5, 1.5, 2.5):
        raise Refused(
            f"GaussianProcessClassifier with Matern(nu={nu:g}) cannot be converted; 0.5, 1.5 and 2.5 can be"
        )
    k = nodes("Mul", nodes("Sqrt", squares), float(np.sqrt(2 * nu)))
    decay = nodes("Exp", nodes("Neg", k))
    if nu == 0.5:
        return decay
    raised = nodes("Add", k, 1.0)
    if nu == 2.5:
        raised = nodes("Add", raised, nodes("Div", nodes("Mul", k, k), 3.0))
    return nodes("Mul", raised, decay)


def _diagonal(nodes: Nodes, kernel: Any, x: str) -> str:
    """``kernel.diag``: of each row with itself, [N, 1]."""
    kind = type(kernel).__name__
    if kind in ("Sum", "Product"):
        op = "Add" if kind == "Sum" else "Mul"
        return nodes(op, _diagonal(nodes, kernel.k1, x), _diagonal(nodes, kernel.k2, x))
    if kind == "Exponentiation":
        return nodes("Pow", _diagonal(nodes, kernel.kernel, x), float(kernel.exponent))
    squares = nodes("ReduceSumSquare", x, axes=[1], keepdims=1)
    if kind == "DotProduct":
        return nodes("Add", squares, float(kernel.sigma_0) ** 2)
    value = {"ConstantKernel": "constant_value", "WhiteKernel": "noise_level"}.get(kind)
    return nodes("Add", nodes("Mul", squares, 0.0), float(getattr(kernel, value)) if value else 1.0)


#: Coefficients of W. J. Cody, "Rational Chebyshev approximations for the error function", 1969:
#: erf(x) = x P(x^2) / Q(x^2) up to 0.46875; 1 - exp(-x^2) P(x) / Q(x) beyond. Cody uses the second up to 4;
#: there erfc is 1.5e-8, and what the form lacks further out does not show. Highest power first.
_NEAR = (
    [
        1.85777706184603153e-1,
        3.16112374387056560,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ],
    [1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3],
)
_MIDDLE = (
    [
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
        2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
        1.23033935479799725e3,
    ],
    [
        1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
        3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
    ],
)  # fmt: skip


def _erf(nodes: Nodes, x: str) -> str:
    """The error function in float64, which onnxruntime has for float32 alone; within 1e-15."""
    size = nodes("Abs", x)
    near = nodes("Min", size, 0.5)
    square = nodes("Mul", near, near)
    inner = nodes(
        "Mul", near, nodes("Div", _horner(nodes, square, _NEAR[0]), _horner(nodes, square, _NEAR[1]))
    )
    middle = nodes("Clip", size, np.array(0.46875), np.array(6.0))
    ratio = nodes("Div", _horner(nodes, middle, _MIDDLE[0]), _horner(nodes, middle, _MIDDLE[1]))
    outer = nodes("Sub", 1.0, nodes("Mul", nodes("Exp", nodes("Neg", nodes("Mul", middle, middle))), ratio))
    value = nodes("Where", nodes("Less", size, 0.46875), inner, outer)
    return nodes("Mul", nodes("Sign", x), value)


def _horner(nodes: Nodes, x: str, coefficients: list[float]) -> str:
    y = nodes("Add", nodes("Mul", x, coefficients[0]), coefficients[1])
    for c in coefficients[2:]:
        y = nodes("Add", nodes("Mul", y, x), c)
    return y
