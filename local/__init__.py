"""What helps on a desk and is never deployed: the command, the embedded world, the emulator, the package."""
