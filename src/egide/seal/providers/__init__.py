"""Key providers: where the root secret lives. One file a kind; the only I/O of sealing."""

from egide.seal.providers.file import FileProvider

__all__ = ["FileProvider"]
