"""Where objects are kept: S3, Tencent COS, or a developer's folder. One protocol of four verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from handler.cloud.stores.addresses import Address
from handler.cloud.stores.store import Store

if TYPE_CHECKING:
    from handler.cloud.credentials import Credentials
    from handler.cloud.pacing import Clock


def open_store(
    address: Address,
    *,
    clock: Clock,
    identity: Callable[[], Credentials | None],
    endpoint: str,
    region: str | None,
) -> Store:
    """Return the store of an address; only its own module is imported, and nothing is sent.

    The last three are for COS: what returns the credentials, `CALLOUT_ENDPOINT`, and the region where the
    address names none. Raises `ValueError` where it is then still missing.
    """
    if address.kind == "s3":
        from handler.cloud.stores.s3 import S3Store  # noqa: PLC0415 - most functions have another store, or none

        return S3Store(address.bucket, address.prefix, address.region)
    if address.kind == "file":
        from handler.cloud.stores.files import FileStore  # noqa: PLC0415

        return FileStore(address.folder, clock)
    from handler.cloud.stores.cos import CosStore  # noqa: PLC0415

    where = address.region or region
    if where is None:
        raise ValueError(
            f"cos://{address.bucket}: a region is missing; add ?region=REGION, or set CALLOUT_REGION"
        )
    return CosStore(address.bucket, address.prefix, where, identity, endpoint)
