"""What can go wrong, and who has to act.

* QuietHoursError
    * RejectedError: the sender has to act: a message or an event is invalid
    * ConfigurationError: the operator has to act: settings or policy cannot be used
    * CloudError: an error or no answer from a cloud API; while it is retryable, nobody has to act yet
    * PublishError: the report was not delivered to the topic; it stands in the log instead
    * UnfinishedError: raised for the trigger, so that it delivers the event again or keeps it

What becomes of a target is never an exception: it is an outcome, see `handler.target`. What a cloud's code
means stands in `handler.cloud.error_codes`. Beside the exceptions belongs what their sentences are made of
(`sentences`, `spelling`), and what keeps secrets out of them on their way out (`exposure`).
"""

from collections.abc import Sequence
from enum import Enum

from handler.errors.sentences import few, number_of, shortened
from handler.output.redaction import clean


class QuietHoursError(Exception):
    """The root of everything this project raises on purpose. No secret is in its text."""

    def __init__(self, *facts: object) -> None:
        super().__init__(*(clean(fact) if isinstance(fact, str) else fact for fact in facts))


class RejectedError(QuietHoursError):
    """The message or event cannot be carried out as it stands; sending it again cannot help.

    `problems` holds one sentence for each fault, which names its place, what was given and what is
    wanted; of many faults the first ones and how many more there are, see `few`. `count` is their number.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.count = number_of(problems)
        self.problems = few([clean(problem) if type(problem) is str else problem for problem in problems])
        super().__init__("; ".join(self.problems))


class ConfigurationError(QuietHoursError):
    """The settings or the policy cannot be used: the operator has to act.

    `source` says which document or variables; `problems` and `count` are as in `RejectedError`.
    """

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = shortened(clean(source))
        self.count = number_of(problems)
        self.problems = few([clean(problem) if type(problem) is str else problem for problem in problems])
        super().__init__(f"{self.source}: " + "; ".join(self.problems))


class Meaning(Enum):
    """What an error of a cloud API asks of the caller."""

    RETRY = "send it again: it may succeed"
    OBJECT = "the task named cannot be treated so: look at its state"
    HALT = "nothing works until the operator acts"
    UNKNOWN = "the code is in no table: send it once more"


class Scope(Enum):
    """How far an error with the meaning `HALT` reaches."""

    CALL = "this call"
    APPLICATION = "this API in this application: a permission is missing"
    EVERYTHING = "every call of every API: the credentials, the clock or the address is wrong"


class CloudError(QuietHoursError):
    """An answer that is an error, or no answer at all.

    `code` and `message` are the cloud's own, `attempts` how often the request was sent, and `unclear` whether
    one of them may have been carried out all the same. `look_first` says that a target's state is to be
    looked at before the request is sent again. `refuses_credentials` says that others may be accepted: these
    have expired, or were replaced, since they were read. What the texts repeat of a key, a
    token or a signature is left out before they are cut: the half of one would not be recognised.
    """

    def __init__(  # noqa: PLR0913 - what a row of the table of codes says
        self,
        code: str,
        message: str,
        request_id: str | None = None,
        *,
        meaning: Meaning,
        scope: Scope = Scope.CALL,
        refuses_credentials: bool = False,
    ) -> None:
        self.code = _cut(clean(code), _LONGEST_ID)
        self.message = _cut(clean(message[:_MAX_READ]), _MAX_FOREIGN)
        self.request_id = None if request_id is None else _cut(clean(str(request_id)), _LONGEST_ID)
        self.meaning = meaning
        self.scope = scope
        self.refuses_credentials = refuses_credentials
        self.attempts = 0
        self.unclear = False
        self.look_first = False
        request = f" (request {self.request_id})" if self.request_id else ""
        super().__init__(f"{self.code}: {self.message}{request}")

    @property
    def refused(self) -> bool:
        """Whether the answer says that nothing was done."""
        throttled = self.code.startswith("RequestLimitExceeded")
        return throttled or self.refuses_credentials or self.meaning in {Meaning.OBJECT, Meaning.HALT}

    @property
    def retryable(self) -> bool:
        """Whether trying again can help."""
        return self.meaning is Meaning.RETRY

    def with_new_credentials(self) -> "CloudError":
        """Return this refusal of credentials as retryable: others were read since."""
        return CloudError(
            self.code, self.message, self.request_id, meaning=Meaning.RETRY, refuses_credentials=True
        )


class PublishError(QuietHoursError):
    """The notification could not be delivered; the report was logged whole.

    `published` is the number of its parts that the topic took all the same.
    """

    def __init__(self, message: str, published: int = 0) -> None:
        self.published = published
        super().__init__(message)


class UnfinishedError(QuietHoursError):
    """Something was left undone, and the trigger is asked to come again."""


class UnexpectedError(QuietHoursError):
    """An unexpected error, in place of one whose own text holds a secret."""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"


_MAX_FOREIGN = 500
"""Characters of a cloud's message that are kept; a whole HTML page is of no use."""
_MAX_READ = 20_000
"""Characters of it that are searched for secrets, of which the first `_MAX_FOREIGN` are kept."""
_LONGEST_ID = 200
"""Characters of an error code or of a request id that are kept."""
