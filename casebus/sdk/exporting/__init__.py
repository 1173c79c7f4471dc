"""The caller's cases as logs for process mining: XES (IEEE 1849-2016) and OCEL 2.0, streamed.

Owns the form of both logs. Touches cases and events; the caller asks the gateway and writes files.
"""
