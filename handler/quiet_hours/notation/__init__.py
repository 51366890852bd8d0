"""How quiet hours are written: intervals as text or object, presets, calendars, and the refusals of mistakes.

Whether they hold at an instant is computed outside, in `handler.quiet_hours`.
"""
