"""Transformers that mix columns: a matrix, a kernel, distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Refused
from .nodes import Nodes


def _mapped(nodes: Nodes, x: str, matrix: Any, centre: Any = None) -> str:
    """(x - centre) @ matrix."""
    if hasattr(matrix, "toarray"):
        matrix = matrix.toarray()
    if centre is not None:
        x = nodes("Sub", x, np.asarray(centre, dtype=float)[None, :])
    return nodes("MatMul", x, np.asarray(matrix, dtype=float))


def _discriminant(nodes: Nodes, model: Any, x: str) -> str:
    """LinearDiscriminantAnalysis.transform."""
    if model.solver == "lsqr":
        raise Refused("LinearDiscriminantAnalysis with solver='lsqr' has no transform; use 'svd' or 'eigen'")
    scalings = np.asarray(model.scalings_)[:, : model._max_components]
    return _mapped(nodes, x, scalings, model.xbar_ if model.solver == "svd" else None)


def _projection(nodes: Nodes, model: Any, x: str) -> str:
    """Gaussian- and SparseRandomProjection.transform."""
    components = model.components_
    return _mapped(nodes, x, (components.toarray() if hasattr(components, "toarray") else components).T)


def _independent(nodes: Nodes, model: Any, x: str) -> str:
    """FastICA.transform."""
    return _mapped(nodes, x, model.components_.T, model.mean_ if model.whiten else None)


def _factors(nodes: Nodes, model: Any, x: str) -> str:
    """FactorAnalysis.transform: the expected value of the latent factors (Barber 2012, 21.33)."""
    weighted = model.components_ / model.noise_variance_
    covariance = np.linalg.inv(np.eye(len(model.components_)) + weighted @ model.components_.T)
    return _mapped(nodes, x, weighted.T @ covariance, model.mean_)


def _hidden(nodes: Nodes, model: Any, x: str) -> str:
    """BernoulliRBM.transform."""
    raised = nodes(
        "Add", _mapped(nodes, x, model.components_.T), np.asarray(model.intercept_hidden_)[None, :]
    )
    return nodes("Sigmoid", raised)


def _pooled(nodes: Nodes, model: Any, x: str) -> str:
    """FeatureAgglomeration.transform by the mean."""
    if model.pooling_func is not np.mean:
        raise Refused("FeatureAgglomeration with a pooling_func other than numpy.mean cannot be converted")
    member = np.asarray(model.labels_)[:, None] == np.unique(model.labels_)[None, :]
    return _mapped(nodes, x, member / member.sum(axis=0))


def _random_fourier(nodes: Nodes, model: Any, x: str) -> str:
    """RBFSampler.transform."""
    angle = nodes("Add", _mapped(nodes, x, model.random_weights_), np.asarray(model.random_offset_)[None, :])
    # onnxruntime 1.19 has Cos for float32 alone, and Sin for float64.
    wave = nodes("Sin", nodes("Add", angle, np.pi / 2))
    return nodes("Mul", wave, float(np.sqrt(2.0 / model.random_weights_.shape[1])))


def _to_centres(nodes: Nodes, model: Any, x: str) -> str:
    """KMeans.transform and MiniBatchKMeans.transform: distances to the centres."""
    return nodes("Sqrt", squared_distances(nodes, x, model.cluster_centers_))


def _nystroem(nodes: Nodes, model: Any, x: str) -> str:
    """Nystroem.transform with the kernel "rbf"."""
    if model.kernel != "rbf" or model.kernel_params:
        raise Refused(f"Nystroem with kernel {model.kernel!r:.30} cannot be converted; 'rbf' can be")
    gamma = 1.0 / model.components_.shape[1] if model.gamma is None else float(model.gamma)
    kernel = nodes("Exp", nodes("Mul", squared_distances(nodes, x, model.components_), -gamma))
    return _mapped(nodes, kernel, np.asarray(model.normalization_).T)


def _kernel_pca(nodes: Nodes, model: Any, x: str) -> str:
    """KernelPCA.transform with the kernel "rbf"; skl2onnx has the others, and a loop for this one.

    With K the kernel of rows to the n points, S the scaled eigenvectors, r and a the means of the kernel of
    points: (K - r - mean(K) + a) S, put in order as K (S - mean(S)) + (a - r) S.
    """
    if model.kernel != "rbf":
        return nodes.doubles(nodes.leaf(model, x, classifier=False))
    values = model.eigenvalues_
    scaled = np.divide(
        model.eigenvectors_, np.sqrt(values), where=values > 0, out=np.zeros_like(model.eigenvectors_)
    )
    gamma = getattr(model, "gamma_", model.gamma)  # scikit-learn before 1.3 keeps None for 1 / features
    gamma = 1.0 / model.X_fit_.shape[1] if gamma is None else float(gamma)
    kernel = nodes("Exp", nodes("Mul", squared_distances(nodes, x, model.X_fit_), -gamma))
    centre = model._centerer
    offset = (centre.K_fit_all_ - centre.K_fit_rows_) @ scaled
    return nodes("Add", _mapped(nodes, kernel, scaled - scaled.mean(axis=0)), offset[None])


def squared_distances(nodes: Nodes, x: str, points: Any) -> str:
    """Squared Euclidean distances of rows to points, [N, n_points].

    The differences are squared and added up; the product ``x @ points.T`` would need less memory, and
    lose the digits of small distances.
    """
    away = nodes("Sub", nodes("Unsqueeze", x, np.array([1])), np.asarray(points, dtype=float)[None])
    return nodes("ReduceSumSquare", away, axes=[2], keepdims=0)


TRANSFORMS: dict[str, Any] = {
    "LinearDiscriminantAnalysis": _discriminant,
    "GaussianRandomProjection": _projection,
    "SparseRandomProjection": _projection,
    "FastICA": _independent,
    "FactorAnalysis": _factors,
    "BernoulliRBM": _hidden,
    "FeatureAgglomeration": _pooled,
    "RBFSampler": _random_fourier,
    "KMeans": _to_centres,
    "MiniBatchKMeans": _to_centres,
    "Nystroem": _nystroem,
    "KernelPCA": _kernel_pca,
}
