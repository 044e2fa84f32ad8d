"""`./dev check`: the rules of the house, each a program, each tested by planting what it must catch (`tests/tools`)."""
