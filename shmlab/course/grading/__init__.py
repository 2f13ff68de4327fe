"""Grade submissions: `shmlab grade FOLDER`.

`grade` reports who passed what. Each notebook runs in a `sandbox` (`confine` and `namespaces` isolate it): `rerun` runs
it from top to bottom and prints what it hands in to its checks, then `judging` judges that in a process of its own.
`permitted` decides which programs it may run there.
"""
