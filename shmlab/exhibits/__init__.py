"""What an operating system does for shared memory, shown on two real processes that do as they are told."""
