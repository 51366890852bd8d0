"""What the action, the quiet hours and a target's state decide before a request is sent. Pure."""

from handler.target import FINISHED, Action, Outcome, State


def decide(action: Action, *, quiet: bool, state: State | None = None) -> Outcome | None:
    """Return the outcome of a target that needs no request, `None` where the action has to be carried out.

    `pause` outside quiet hours does nothing, and `resume` inside quiet hours is refused, whatever the state.
    """
    if action == "pause" and not quiet:
        return Outcome.NOT_QUIET
    if action == "resume" and quiet:
        return Outcome.STILL_QUIET
    return by_state(action, state)


def by_state(action: Action, state: State | None) -> Outcome | None:
    """Return the outcome of a target that is as wanted already, or cannot become so; else `None`.

    An unknown state is `None` as well: one left running is the worse error, so the request is sent.
    """
    if state in FINISHED:
        return Outcome.FINISHED
    if state is State.NOT_STARTED:
        return Outcome.NOT_STARTED
    if state is State.PAUSED and action == "pause":
        return Outcome.ALREADY_PAUSED
    if state is State.RUNNING and action == "resume":
        return Outcome.ALREADY_RUNNING
    return None


def done(action: Action, *, dry_run: bool) -> Outcome:
    """Return the outcome of an action that was carried out, or would have been."""
    if action == "pause":
        return Outcome.WOULD_PAUSE if dry_run else Outcome.PAUSED
    return Outcome.WOULD_RESUME if dry_run else Outcome.RESUMED
