namespace ModelWorkbench.Core.Splits;

/// <summary>Which rows teach, which compare and which are locked away until the final report.</summary>
/// <param name="TestFraction">Share of the rows in the locked test set, 0.05 to 0.5.</param>
/// <param name="Folds">1: one validation fold of 20 % of the training rows; 2 to 20: cross-validation over the training rows.</param>
/// <param name="Stratified">Keep the class shares equal in all parts; only for classes.</param>
/// <param name="Seed">The same seed on the same rows gives the same parts.</param>
public sealed record SplitPlan(double TestFraction = 0.2, int Folds = 5, bool Stratified = true, int Seed = 42);
