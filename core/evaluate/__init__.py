"""What a trained model can do: questions with gold answers, metrics with intervals, quick evaluation, trying it out.

Metrics and questions need no model; only `quick` and `main` load torch.
"""
