"""Where a stream comes from: a pipe, a program, a microphone; read by a thread into a bounded ring."""
