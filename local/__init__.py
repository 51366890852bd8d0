"""What is never deployed: the command, the embedded world, the emulator, the building of packages."""
