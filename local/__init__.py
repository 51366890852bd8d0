"""What runs on a developer's machine and is never deployed: the command, the embedded world, the emulator, the package."""
