"""Sessions of ONNX Runtime without telemetry, and without threads that spin.

From 1.32 on ONNX Runtime sends telemetry unless `ORT_DISABLE_TELEMETRY` is set before it is
imported; `import pneumoscope` sets it. Its own `disable_telemetry_events` stops nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime


def open_session(network: Path | bytes, threads: int) -> Any:
    """Opens a session that runs a network on the CPU.

    Args:
        network: path of an ONNX file, or its content.
        threads: number of CPU threads. They sleep while they wait: spinning, which is the default,
            doubles the processor time of a small network.

    Returns:
        An `onnxruntime.InferenceSession`.

    Raises:
        Exception: whatever ONNX Runtime raises; its exceptions share no public base.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # errors are raised; printed, they might hold names of files
    return onnxruntime.InferenceSession(
        network,
        options,
        providers=["CPUExecutionProvider"],
        enable_fallback=0,  # would say on standard output that it tries the same again
    )
