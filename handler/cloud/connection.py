"""CCC as one run uses it: connected at the first need, with credentials that are read again when refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from handler.cloud.credentials import NO_CREDENTIALS, Credentials
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Backoff, Clock, RateLimit
from handler.errors import CloudError

if TYPE_CHECKING:
    from handler.cloud.ccc import Ccc
    from handler.cloud.tencent_api import TencentApi

_log = logging.getLogger(__name__)


class Connection:
    """Where and as whom CCC is called.

    `identity(refresh=…)` returns the credentials, `None` without any; `reread` reads again where they stand.
    `lack` says why there are none, or which half of a pair is set.
    """

    def __init__(  # noqa: PLR0913 - settings, which this layer does not read
        self,
        *,
        endpoint: str,
        region: str | None,
        per_second: float,
        identity: Callable[..., Credentials | None],
        reread: Callable[[], None],
        lack: Callable[[], str],
        clock: Clock,
        backoff: Backoff,
    ) -> None:
        self._endpoint, self._region, self._per_second = endpoint, region, per_second
        self._identity, self._reread, self._lack = identity, reread, lack
        self._clock, self._backoff = clock, backoff
        self._ccc: Ccc | None = None

    @property
    def calls(self) -> int:
        """How many requests were sent to CCC."""
        return self._ccc.calls if self._ccc else 0

    def ccc(self) -> Ccc:
        """Return the client of CCC. The SDK is imported here, since most wake-ups do not need it."""
        from handler.cloud.ccc import Ccc  # noqa: PLC0415

        if self._ccc is None:
            if (lack := self._lack()) != NO_CREDENTIALS:
                _log.warning("half a pair of credentials is not used", extra={"error": lack})
            limit = RateLimit(self._per_second, self._clock)
            self._ccc = Ccc(self._connect, limit, self._backoff, self._renew)
        return self._ccc

    def _connect(self) -> TencentApi:
        from handler.cloud.ccc import SERVICE, VERSION  # noqa: PLC0415
        from handler.cloud.tencent_api import TencentApi  # noqa: PLC0415

        identity = self._identity()
        if identity is None:
            raise cloud_error("NoCredentials", self._lack())
        return TencentApi(SERVICE, VERSION, endpoint=self._endpoint, region=self._region, identity=identity)

    def _renew(self) -> bool:
        refused = self._identity()
        self._reread()
        try:
            return self._identity(refresh=True) != refused
        except CloudError as error:
            _log.warning("credentials not read again", extra={"error": str(error)})
            return False
