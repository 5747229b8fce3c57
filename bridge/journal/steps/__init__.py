"""Steps of the journal: each reads, asks the core and writes, inside one transaction.

A directive's way, from poll to wire: `intake`, `inbox`, `plan` (`plan_own` for the bridge's own,
`planned_commands`), `dispatch` with `risk_limits`. A report's way, from wire to event: `apply_reports`,
`apply_deals`, `apply_effects`, and `after_scan`. `step` has the parts that all of them share. All SQL is in
`tables`.
"""
