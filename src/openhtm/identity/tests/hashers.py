"""Argon2 with next to no work, for tests: what is stored looks the same, and a log-in costs a millisecond instead of a quarter of a second."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    time_cost, memory_cost, parallelism = 1, 8, 1  # the least that Argon2 takes
