"""Pure core: no clock, socket, file, event loop or database. Time comes in as an argument."""
