namespace ModelWorkbench.Core.Recipes.Expressions;

/// <summary>What an expression says, before columns and types are looked at.</summary>
/// <param name="Start">0-based index of its first character.</param>
/// <param name="Length">In characters.</param>
internal abstract record ExpressionSyntax(int Start, int Length)
{
    /// <summary>Levels of nesting, 1 for a leaf: everything that walks the tree recurses this deep.</summary>
    public int Depth { get; private init; } = 1;

    internal sealed record Number(int Start, int Length, double Value) : ExpressionSyntax(Start, Length);
    internal sealed record Text(int Start, int Length, string Value) : ExpressionSyntax(Start, Length);
    internal sealed record Truth(int Start, int Length, bool Value) : ExpressionSyntax(Start, Length);
    internal sealed record Missing(int Start, int Length) : ExpressionSyntax(Start, Length);
    internal sealed record ColumnName(int Start, int Length, string Name) : ExpressionSyntax(Start, Length);

    /// <summary>A function or an operator with what it is applied to; operators go by their sign, minus before a value by <c>negate</c>.</summary>
    internal sealed record Call : ExpressionSyntax
    {
        public Call(int start, int length, string name, IReadOnlyList<ExpressionSyntax> arguments) : base(start, length)
        {
            Name = name;
            Arguments = arguments;
            Depth = 1 + (arguments.Count == 0 ? 0 : arguments.Max(a => a.Depth));
        }

        public string Name { get; }
        public IReadOnlyList<ExpressionSyntax> Arguments { get; }
    }
}

/// <summary>The text is not an expression; carries the place.</summary>
internal sealed class ExpressionSyntaxException(string message, int start, int length) : Exception(message)
{
    public int Start { get; } = start;
    public int Length { get; } = length;
}
