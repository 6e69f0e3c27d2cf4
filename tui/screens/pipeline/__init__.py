"""The pipeline screen: batches, files, rejected lines, and the log of actions and failures."""

from tui.screens.pipeline.screen import PipelineScreen

__all__ = ["PipelineScreen"]
