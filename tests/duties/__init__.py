"""The pure duties: laws and sentences about rules, rounds, evidence, checks and deadlines."""
