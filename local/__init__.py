"""What is never deployed: the command, the embedded world, the emulator, the building of packages.

It may import `handler`, which never imports it. The emulator imports neither `handler` nor the command.
"""
