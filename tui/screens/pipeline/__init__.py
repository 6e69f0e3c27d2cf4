"""Is everything read, and if not, why: queue, files, rejected lines, and what was done."""

from tui.screens.pipeline.screen import PipelineScreen

__all__ = ["PipelineScreen"]
