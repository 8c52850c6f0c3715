"""How an installation is: doctor, self-test and bench."""
