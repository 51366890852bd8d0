"""What can go wrong, by whose move it is.

* QuietHoursError
    * RejectedError: the sender's: a message is not a request, or an event is not understood
    * ConfigurationError: the operator's: settings or policy cannot be used
    * CloudError: an answer of a cloud API, or the lack of one; nobody's yet while it is retryable
    * PublishError: the report was not delivered to the topic; it stands in the log instead
    * UnfinishedError: told to the trigger so that it delivers the event again or keeps it

What becomes of a single task is never an exception: it is an outcome, see `handler.task`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from itertools import takewhile
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from handler.redaction import clean, running
from handler.spelling import suggestion as suggestion  # noqa: PLC0414 - part of many a refusal

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails
    from typing_extensions import Self


MORE = "more"
"""The type of an entry of pydantic's that stands for `count` others."""
SHOWN = 20
"""Problems that an error lists; the others are counted."""
_LONGEST_PROBLEM = 500
_LONGEST_TEXT = 6_000
_LONGEST_SHOWN = 50_000
"""Characters of an error that leaves the function, as it is written with all that it was made of."""


P = ParamSpec("P")
T = TypeVar("T")


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
        self.count = _number_of(problems)
        self.problems = few([clean(problem) if type(problem) is str else problem for problem in problems])
        super().__init__("; ".join(self.problems))


class ConfigurationError(QuietHoursError):
    """The settings or the policy cannot be used: the operator has to act.

    `source` says which document or variables; `problems` and `count` are as in `RejectedError`.
    """

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = shortened(clean(source))
        self.count = _number_of(problems)
        self.problems = few([clean(problem) if type(problem) is str else problem for problem in problems])
        super().__init__(f"{self.source}: " + "; ".join(self.problems))


class Meaning(Enum):
    """What an error of a cloud API asks of the caller."""

    RETRY = "try again: it may succeed"
    OBJECT = "the thing named cannot be treated so; ask its state"
    HALT = "nothing can work until the operator acts"
    UNKNOWN = "a code that is in no table: try once more"


class CloudError(QuietHoursError):
    """An answer that is an error, or no answer at all.

    `code` and `message` are the cloud's own, `attempts` how often the request was sent, and `unclear` whether
    one of them may have been carried out all the same. What they repeat of a key, a token or a signature is
    left out before they are cut: the half of one would not be recognised.
    """

    def __init__(self, code: str, message: str, request_id: str | None = None, *, meaning: Meaning) -> None:
        self.code = _cut(clean(code), _LONGEST_ID)
        self.message = _cut(clean(message[:_MAX_READ]), _MAX_FOREIGN)
        self.request_id = None if request_id is None else _cut(clean(str(request_id)), _LONGEST_ID)
        self.meaning = meaning
        self.attempts = 0
        self.unclear = False
        request = f" (request {self.request_id})" if self.request_id else ""
        super().__init__(f"{self.code}: {self.message}{request}")

    @property
    def stops_everything(self) -> bool:
        """Whether no call of any API can work: wrong credentials, clock or address; no mere permission."""
        return self.meaning is Meaning.HALT and self.code.startswith(_OF_EVERYTHING)

    @property
    def refuses_credentials(self) -> bool:
        """Whether others may be taken: these have expired, or were replaced, since they were read."""
        return self.code.startswith(_OF_CREDENTIALS)

    @property
    def refused(self) -> bool:
        """Whether the answer says that nothing was done."""
        return self.meaning in {Meaning.OBJECT, Meaning.HALT} or self.code.startswith("RequestLimitExceeded")

    @property
    def may_pass(self) -> bool:
        """Whether trying again can help."""
        return self.meaning is Meaning.RETRY


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
    """An error that nobody foresaw, in place of one whose own text holds a secret."""


def without_secrets(function: Callable[P, T]) -> Callable[P, T]:
    """Let no error leave a function with a secret in its text, or in that of an error chained to it.

    The platform writes all of them to a log that many may read.
    """

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        with running():
            try:
                return function(*args, **kwargs)
            except Exception as error:
                shown = _presentable(error)
                if shown is error:
                    raise
            raise shown

    return guarded


def _presentable(error: Exception) -> Exception:
    """Return the error without those in its chain that show a secret or an endless text; else another."""
    if isinstance(error, QuietHoursError):  # it may have become known after the error was made
        error.args = tuple(clean(fact) if isinstance(fact, str) else fact for fact in error.args)
    if not _is_presentable(error):
        text = clean(f"{type(error).__name__}: {_texts(error)[0]}")
        return UnexpectedError(shortened(text, _LONGEST_TEXT)).with_traceback(error.__traceback__)
    for each in list(_chain(error)):
        if each.__cause__ and not _is_presentable(each.__cause__):
            each.__cause__ = None
        if each.__context__ and not _is_presentable(each.__context__):
            each.__context__ = None
    return error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return an error, what it was raised from or during, and what a group of errors holds."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            left += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
            yield each


def _is_presentable(error: BaseException) -> bool:
    texts = _texts(error)
    return all(len(text) <= _LONGEST_SHOWN for text in texts) and all(clean(text) == text for text in texts)


def _texts(error: BaseException) -> list[str]:
    texts = []
    for show in (str, repr, lambda each: repr(each.args), lambda each: str(getattr(each, "__notes__", ""))):
        try:
            texts.append(show(error))
        except Exception as failed:  # noqa: BLE001 - whatever a foreign __str__ raises
            texts.append(f"its text raises {type(failed).__name__}")
    return texts


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"


class More(str):
    """A sentence that stands for several problems, such as `and 4,980 more`; `number` says how many."""

    __slots__ = ("number",)
    number: int

    def __new__(cls, count: int, where: str = "") -> Self:
        """Return the sentence for `count` problems."""
        before = f"{shortened(where)}: " if where else ""
        text = super().__new__(cls, f"{before}and {count:,} more")
        text.number = count
        return text


def few(problems: Sequence[str], shown: int = SHOWN) -> tuple[str, ...]:
    """Return at most `shown` problems, each shortened, and after them how many more there are.

    What is returned has at most some kilobytes, whatever the problems repeat of what was given.
    """
    room, kept = _LONGEST_TEXT, list[str]()
    for problem in problems[:shown]:
        room -= min(len(problem), _LONGEST_PROBLEM)
        if room < 0:
            break
        kept.append(problem if isinstance(problem, More) else shortened(problem))
    left = _number_of(problems[len(kept) :])
    return (*kept, More(left)) if left else tuple(kept)


def listed(problems: Sequence[str], shown: int = SHOWN) -> str:
    """Return problems as one text of at most some kilobytes: 20 of them and `and 4,980 more`."""
    return "; ".join(few(problems, shown))


def shortened(text: str, most: int = _LONGEST_PROBLEM) -> str:
    """Return a text that UTF-8 can hold, with an ellipsis for the middle of one longer than `most`.

    The middle goes because a problem begins with its place and ends with what is wanted.
    """
    if len(text) > most:
        text = f"{text[: most * 2 // 3]}…{text[-(most // 3) :]}"
    return text.encode("utf-8", "backslashreplace").decode()


def problems(error: ValidationError) -> list[str]:
    """Return one sentence for each fault that pydantic found, `place: what is wrong`, or the first ones.

    The place is written as in the document, `quiet_hours.us-east.quiet[2].weekdays[0]`. Parts of a
    location in angle brackets are the tags of a union, which no document holds: they are left out.
    """
    items = error.errors(include_url=False)
    found: list[str] = [_sentence(item) for item in items[:SHOWN]]
    more = sum(item["ctx"]["count"] if item["type"] == MORE else 1 for item in items[SHOWN:])
    return [*found, More(more)] if more else found


def place(parts: Iterable[str | int]) -> str:
    """Return the path of a value as a person writes it: `tasks[2].task_id`."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("<"):
            path += f".{part}" if path else part
    return path


def given(value: object) -> str:
    """Return a value for an error message as JSON would write it, shortened.

    Only what is shown is written: a value of many megabytes costs no more than a small one.
    """
    try:
        text = json.dumps(_beginning(value, [_MAX_SHOWN + 20]), ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):  # such as a key that is no text
        text = f"a {type(value).__name__}"
    text = text[: _MAX_SHOWN + 1].encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _beginning(value: object, room: list[int], depth: int = 0) -> object:
    """Return a copy that JSON writes alike as far as it is shown; `room` is how many values are left."""
    if depth > _DEEPEST_SHOWN:
        raise RecursionError
    room[0] -= 1
    if isinstance(value, str):
        return value[: _MAX_SHOWN + 1]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        parts = takewhile(lambda _: room[0] > 0, value.items())
        return {_key(key): _beginning(part, room, depth + 1) for key, part in parts}
    if isinstance(value, (list, tuple)):
        return [_beginning(part, room, depth + 1) for part in takewhile(lambda _: room[0] > 0, value)]
    return repr(value)[: _MAX_SHOWN + 1]


def _key(key: object) -> object:
    return key[: _MAX_SHOWN + 1] if isinstance(key, str) else key


def _number_of(problems: Sequence[str]) -> int:
    return sum(each.number if isinstance(each, More) else 1 for each in problems)


_OF_CREDENTIALS = (
    "AuthFailure.InvalidSecretId",
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.SignatureFailure",
    "AuthFailure.TokenFailure",
)
_OF_EVERYTHING = (
    "AuthFailure.InvalidAuthorization",
    "AuthFailure.InvalidSecretId",
    "AuthFailure.MFAFailure",
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.Signature",
    "AuthFailure.TokenFailure",
    "InvalidCredential",
    "IpIn",
    "IpNot",
    "NoCredentials",
    "UnknownEndpoint",
)
_MAX_SHOWN = 80
_DEEPEST_SHOWN = 50
_MAX_FOREIGN = 500
"""Characters of a cloud's message that are kept; a whole HTML page helps nobody."""
_MAX_READ = 20_000
"""Characters of it that are searched for secrets, of which the first `_MAX_FOREIGN` are kept."""
_LONGEST_ID = 200
"""Characters of an error code or of a request id that are kept."""

_WANTED = {
    "missing": "is required",
    "extra_forbidden": "is not a key here",
    "dict_type": "an object is wanted",
    "model_type": "an object is wanted",
    "model_attributes_type": "an object is wanted",
    "list_type": "a list is wanted",
    "string_type": "a text is wanted",
    "bool_type": "true or false is wanted",
    "int_type": "a whole number is wanted",
    "int_from_float": "a whole number is wanted",
    "greater_than_equal": "a whole number of at least {ge} is wanted",
    "less_than_equal": "a whole number of at most {le} is wanted",
    "literal_error": "{expected} is wanted",
    "timezone_aware": "an offset is wanted, as in 2026-12-01T00:00+08:00",
    "too_short": "at least {min_length} is wanted",
}
_PLACE_SAYS_IT_ALL = {"missing", "extra_forbidden"}


def _sentence(item: ErrorDetails) -> str:
    kind = item["type"]
    if kind == MORE:
        return More(item["ctx"]["count"], place(item["loc"]))
    text = item["msg"].removeprefix("Value error, ")
    if kind in _WANTED:
        text = _WANTED[kind].format(**item.get("ctx", {}))
    if kind in _WANTED.keys() - _PLACE_SAYS_IT_ALL or kind == "task_kind":
        text += f", not {given(item['input'])}"
    where = place(item["loc"])
    return f"{where}: {text}" if where else text
