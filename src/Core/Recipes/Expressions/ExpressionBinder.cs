using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Expressions;

/// <summary>Gives every part of an expression its type and finds all that does not fit.</summary>
internal sealed class ExpressionBinder(IReadOnlyList<ColumnHeader> columns)
{
    private const int MaxNamesShown = 30;
    private static readonly BoundExpression.Constant Faulty = new(null, ExpressionVector.Missing(ExpressionType.Number));
    private readonly List<ExpressionProblem> _problems = [];
    private readonly List<ColumnHeader> _inputs = [];

    public IReadOnlyList<ExpressionProblem> Problems => _problems;
    public IReadOnlyList<ColumnHeader> Inputs => _inputs;

    public void Add(ExpressionSyntax at, string message) => _problems.Add(new ExpressionProblem(message, at.Start + 1, Math.Max(1, at.Length)));

    public BoundExpression Bind(ExpressionSyntax syntax) => syntax switch
    {
        ExpressionSyntax.Number number => new BoundExpression.Constant(ExpressionType.Number, new NumberVector([number.Value], true)),
        ExpressionSyntax.Text text => new BoundExpression.Constant(ExpressionType.Text, TextVector.Of([text.Value], true)),
        ExpressionSyntax.Truth truth => new BoundExpression.Constant(ExpressionType.Boolean, new TruthVector([(sbyte)(truth.Value ? 1 : 0)], true)),
        ExpressionSyntax.ColumnName column => BindColumn(column),
        ExpressionSyntax.Call call => BindCall(call),
        _ => new BoundExpression.Constant(null, ExpressionVector.Missing(ExpressionType.Number)),
    };

    private BoundExpression BindColumn(ExpressionSyntax.ColumnName syntax)
    {
        var column = columns.FirstOrDefault(c => c.Name == syntax.Name);
        if (column is null)
        {
            var nearest = Nearest(syntax.Name, columns.Select(c => c.Name));
            var names = columns.Take(MaxNamesShown).Select(c => c.Name);
            Add(syntax, $"There is no column '{syntax.Name}'"
                + (nearest is not null ? $"; did you mean {Expression.Quote(nearest)}?" : $". The columns are: {string.Join(", ", names)}{(columns.Count > MaxNamesShown ? ", …" : "")}. Text stands in quotes."));
            return Faulty;
        }
        if (!_inputs.Contains(column)) _inputs.Add(column);
        return new BoundExpression.ColumnValue(column.Name, column.Kind, column.Kind switch
        {
            ColumnKind.Numeric => ExpressionType.Number,
            ColumnKind.DateTime => ExpressionType.Date,
            ColumnKind.Boolean => ExpressionType.Boolean,
            _ => ExpressionType.Text,
        });
    }

    private BoundExpression BindCall(ExpressionSyntax.Call call)
    {
        var arguments = call.Arguments.Select(Bind).ToArray();
        var faulty = Array.Exists(arguments, a => ReferenceEquals(a, Faulty));
        var name = call.Name;
        // Signs that mean something for other types than numbers too.
        if (name == "+" && Array.Exists(arguments, a => a.Type == ExpressionType.Text)) name = "concat";
        if (name == "-" && Array.TrueForAll(arguments, a => a.Type == ExpressionType.Date))
        {
            name = "days_between";
            Array.Reverse(arguments);
        }

        var forms = ExpressionFunctions.ByName[name].ToArray();
        if (forms.Length == 0)
        {
            var nearest = Nearest(name, ExpressionHelp.Functions.Select(f => f.Name));
            Add(call, $"There is no function '{name}'{(nearest is not null ? $"; did you mean {nearest}?" : $". The functions are: {string.Join(", ", ExpressionHelp.Functions.Select(f => f.Name).Distinct())}.")}");
            return Faulty;
        }
        if (faulty) return Faulty;
        var function = forms.FirstOrDefault(f => f.Parameters[0].Accepts is Accepts.Any or Accepts.Same || arguments.Length == 0 || arguments[0].Type is null || Fits(arguments[0].Type!.Value, f.Parameters[0].Accepts)) ?? forms[0];

        var (least, most) = (function.Parameters.Count - function.Optional, function.Variadic ? int.MaxValue : function.Parameters.Count);
        if (arguments.Length < least || arguments.Length > most)
        {
            var expected = most == int.MaxValue ? $"at least {least}" : least == most ? $"{least}" : $"{least} to {most}";
            Add(call, $"{function.Signature}: found {StepColumns.Count(arguments.Length, "value")}, expected {expected}.");
            return Faulty;
        }
        return Fit(call, function, forms, arguments) ? Fold(function, arguments) : Faulty;
    }

    /// <summary>Gives each argument the type that is asked for.</summary>
    private bool Fit(ExpressionSyntax.Call call, ExpressionFunction function, ExpressionFunction[] forms, BoundExpression[] arguments)
    {
        var before = _problems.Count;
        var shared = arguments.Where((_, i) => ParameterOf(function, i).Accepts == Accepts.Same).Select(a => a.Type).OfType<ExpressionType>().Distinct().ToArray();
        // Text beside a date is read as a date; true/false beside text as the text that stands there.
        var type = shared.Length == 0 ? (ExpressionType?)null
            : shared.Contains(ExpressionType.Date) ? ExpressionType.Date
            : shared.Contains(ExpressionType.Text) && shared.Contains(ExpressionType.Boolean) ? ExpressionType.Text : shared[0];
        for (var i = 0; i < arguments.Length; i++)
        {
            var parameter = ParameterOf(function, i);
            var at = call.Arguments[ReferenceEquals(function, ExpressionFunctions.DaysBetweenFunction) && call.Name == "-" ? 1 - i : i];
            ExpressionType? wanted = parameter.Accepts switch
            {
                Accepts.Number => ExpressionType.Number,
                Accepts.Text => ExpressionType.Text,
                Accepts.Boolean => ExpressionType.Boolean,
                Accepts.Date => ExpressionType.Date,
                Accepts.Same => type,
                _ => null,
            };
            var accepted = parameter.Accepts == Accepts.Same || forms.Length == 1 || wanted is null ? null
                : string.Join(" or ", forms.Select(f => ExpressionHelp.Noun(Enum.Parse<ExpressionType>(f.Parameters[0].Accepts.ToString()))).Distinct());
            if (wanted is { } needed && Convert(arguments[i], needed) is { } converted) arguments[i] = converted;
            else if (wanted is { } other)
                Add(at, $"{Describe(function, parameter)}: found {ExpressionHelp.Noun(arguments[i].Type!.Value)}, expected {accepted ?? ExpressionHelp.Noun(other)}{Hint(arguments[i], other)}.");
            if (parameter.IsConstant && arguments[i] is not BoundExpression.Constant { IsMissing: false })
                Add(at, $"{Describe(function, parameter)}: found {(arguments[i] is BoundExpression.Constant ? "missing" : "what differs from row to row")}, expected a value that is written out, such as {(parameter.Accepts == Accepts.Number ? "2" : "\"abc\"")}.");
            else if (parameter is { IsConstant: true, Accepts: Accepts.Number } && arguments[i].Type == ExpressionType.Number && arguments[i] is BoundExpression.Constant { Value: NumberVector { Values: [var value] } }
                && (value != Math.Floor(value) || value < (parameter.Name == "start" ? 1 : 0) || value > (parameter.Name == "digits" ? 15 : 1_000_000)))
                Add(at, $"{Describe(function, parameter)}: found {ScriptLiterals.Number(value)}, expected a whole number from {(parameter.Name == "start" ? 1 : 0)} to {(parameter.Name == "digits" ? 15 : 1_000_000)}.");
        }
        if (_problems.Count == before && type is { } compared && function.SharedTypes.Count > 0 && !function.SharedTypes.Contains(compared))
            Add(call, $"'{function.Name}': found {ExpressionHelp.Noun(compared)}, which have no order; use = or !=.");
        return _problems.Count == before;
    }

    private static ExpressionParameter ParameterOf(ExpressionFunction function, int index) => function.Parameters[Math.Min(index, function.Parameters.Count - 1)];

    private static string Describe(ExpressionFunction function, ExpressionParameter parameter) => function.Group == ExpressionFunctions.Operators
        ? function.Name == "negate" ? "'-' before a value" : $"'{function.Name}'" : $"{function.Signature}, {parameter.Name}";

    private static string Hint(BoundExpression found, ExpressionType wanted) => (found.Type, wanted) switch
    {
        (ExpressionType.Text, ExpressionType.Number) => "; number(…) reads a number from text",
        (ExpressionType.Text, ExpressionType.Date) => found is BoundExpression.Constant ? " such as 2024-01-31" : "; date(…) reads a date from text",
        (_, ExpressionType.Text) => "; text(…) writes a value out",
        (ExpressionType.Boolean, ExpressionType.Number) => "; number(…) makes true 1 and false 0",
        (_, ExpressionType.Boolean) => " such as age > 18",
        _ => "",
    };

    private static bool Fits(ExpressionType type, Accepts accepts) => accepts == Accepts.Any || accepts.ToString() == type.ToString();

    /// <summary>The same value as the wanted type, where that is plain without being said; else null.</summary>
    private static BoundExpression? Convert(BoundExpression value, ExpressionType wanted)
    {
        if (value.Type == wanted) return value;
        if (value.Type is null) return new BoundExpression.Constant(wanted, ExpressionVector.Missing(wanted));
        if (value is BoundExpression.ColumnValue { Kind: ColumnKind.Boolean } column && wanted == ExpressionType.Text) return new BoundExpression.ColumnValue(column.Name, column.Kind, ExpressionType.Text);
        if (value is BoundExpression.Constant { IsMissing: false, Value: TextVector text } && wanted == ExpressionType.Date && ColumnConversion.TryParseMoment(text[0]!, out var ticks))
            return new BoundExpression.Constant(ExpressionType.Date, new DateVector([ticks], true));
        return null;
    }

    /// <summary>What is the same for every row is computed once and for all.</summary>
    private static BoundExpression Fold(ExpressionFunction function, BoundExpression[] arguments)
    {
        if (function.Name is "text" or "concat")
            for (var i = 0; i < arguments.Length; i++) arguments[i] = Convert(arguments[i], ExpressionType.Text) ?? arguments[i];
        var type = function.Result ?? arguments[^1].Type;
        if (Array.TrueForAll(arguments, a => a is BoundExpression.Constant))
            return new BoundExpression.Constant(type, function.Evaluate(Array.ConvertAll(arguments, a => ((BoundExpression.Constant)a).Value), 1));
        // An operator on missing and a column is missing, whatever the column holds, but for and/or.
        if (type is { } known && function.Group == ExpressionFunctions.Operators && function.Name is not ("and" or "or") && Array.Exists(arguments, a => a is BoundExpression.Constant { IsMissing: true }))
            return new BoundExpression.Constant(known, ExpressionVector.Missing(known));
        if (function.Name == "text" && arguments[0].Type == ExpressionType.Text) return arguments[0];
        return new BoundExpression.Call(type, function, arguments);
    }

    /// <summary>The name that differs least, in letters changed, added or left out (Levenshtein 1966); null where none is near.</summary>
    internal static string? Nearest(string name, IEnumerable<string> names)
    {
        var best = (Name: (string?)null, Distance: Math.Max(1, name.Length / 3) + 1);
        foreach (var candidate in names)
        {
            if (Math.Abs(candidate.Length - name.Length) >= best.Distance) continue;
            var distance = candidate.Equals(name, StringComparison.OrdinalIgnoreCase) ? 0 : Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < best.Distance) best = (candidate, distance);
        }
        return best.Name;
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
