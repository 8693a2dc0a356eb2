"""What makes a release and what installs it: not part of the program, and never on a handheld as such."""
