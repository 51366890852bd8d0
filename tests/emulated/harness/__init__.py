"""What tests on the emulator share: constants, a clock, the function, a reconciler, subscribers."""
