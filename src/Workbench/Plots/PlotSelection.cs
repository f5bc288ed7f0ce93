namespace ModelWorkbench.Workbench.Plots;

/// <summary>Points that a person drew a box or a line around, or clicked.</summary>
/// <param name="Items">What they stand for (<see cref="PlotFigure.Items"/>); at most 2,000.</param>
/// <param name="Count">How many were chosen.</param>
public sealed record PlotSelection(IReadOnlyList<int> Items, int Count);
