namespace ModelWorkbench.Core.Trainers;

/// <summary>What is to be learnt: one of two classes, one of several, or a number.</summary>
public enum LearningTask { Binary, Multiclass, Regression }
