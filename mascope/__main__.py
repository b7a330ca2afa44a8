from mascope.cli import main

if __name__ == "__main__":  # processes that are started afresh import this module once more
    main()
