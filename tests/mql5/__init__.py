"""The rig that runs the Expert Advisor's own MQL5 source without a terminal.

The source is translated line by line to C++, compiled against a header that stands in for MQL5's runtime, loaded
into Python and driven from there. Rooms, in the order of the work:

- translator: MQL5 source to C++, line by line;
- reference: signatures and constants of MQL5, as tables;
- lint: rules of MetaEditor that a C++ compiler does not have;
- standin: C++ headers in place of MQL5's runtime;
- builder: lint, translate and compile a program (`python -m tests.mql5.builder FILE.mq5`);
- survey: read a folder of MQL5 code with lint and translator (`python -m tests.mql5.survey`);
- host: load a built program and run it as a terminal would (`python -m tests.mql5.host`);
- tests: tests of all of these.
"""
