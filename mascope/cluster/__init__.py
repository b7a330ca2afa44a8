"""The same stages on many machines, by Dask: discussions, judging and tables.

    client     the command itself: holds the lock of the results directory, says which runs, shows progress
      │        running · judging · reporting (the stages), dispatch (which worker does what), session
    scheduler  desk: what all workers share, as a plug-in of the scheduler
      │        pools (calls under way and calls a minute), treasury (the budget), news (progress, in counts)
    workers    host: one event loop in each worker process, on which many discussions wait for their models
               link (one small exchange with the desk for many calls), shares, advance, claims (one writer)

A task is a run (or a coder × run), and it writes straight to the shared results directory. What is sent about
are ids, digests, counts and small settings, never a transcript and never a key. Only this package imports
`distributed`.
"""
