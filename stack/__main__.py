"""`python -m stack`: what the script `throughline` runs."""

from stack.cli import main

if __name__ == "__main__":
    main()
