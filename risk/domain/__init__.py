"""The rules of risk: surfaces, margin, Greeks. Pure arithmetic, no clock, no I/O."""

MODEL_VERSION = "black76-1 svi-1 pm2-1"
"""Published with every figure; any change that moves a figure raises a number in it."""
