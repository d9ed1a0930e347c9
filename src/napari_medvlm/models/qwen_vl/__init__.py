"""Qwen2-VL and Qwen2.5-VL checkpoints: MedVLM-R1, CheXOne, the demo model, and relatives."""
