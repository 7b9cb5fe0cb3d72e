"""The rules of scripts/tidy, one group a module; each group is a function `check(tree)` that yields Violations."""
