"""Event handlers: C++ entry points that pass the driver's calls to the EA's functions.

Source: MQL5 reference, 'Event Handling Functions'.
"""

from typing import Final

HANDLERS: Final = {
    "OnInit": ("", ""),
    "OnDeinit": ("int a", "a"),
    "OnTick": ("", ""),
    "OnTimer": ("", ""),
    "OnTrade": ("", ""),
    "OnTradeTransaction": (
        "const MqlTradeTransaction &a, const MqlTradeRequest &b, const MqlTradeResult &c",
        "a, b, c",
    ),
    "OnChartEvent": ("int a, const int64 &b, const double &c, const string &d", "a, b, c, d"),
    "OnStart": ("", ""),
}
"""Handlers that the driver can call: C++ parameters, and the same as arguments."""


def closing(functions: dict[str, str]) -> str:
    """Return the C++ that follows the EA. `functions` maps the EA's functions to their types.

    A handler that the EA does not have does nothing and returns 0.
    """
    lines = ["", "}  // namespace ea", '#line 1 "handlers"', "namespace {", "using namespace ::mql;"]
    for name, (parameters, arguments) in HANDLERS.items():
        call = f"::ea::{name}({arguments});"
        if name not in functions:
            body = "return 0;"
        elif functions[name].endswith("void"):
            body = f"{call} return 0;"
        else:
            body = f"return static_cast<int>({call[:-1]});"
        lines.append(f"int {name}_entry({parameters}) {{ {body} }}")
    lines += ["}  // namespace", "#include <exports.h>", ""]
    return "\n".join(lines)
