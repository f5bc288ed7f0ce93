using System.Globalization;
using System.Text;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Expressions;

/// <summary>A part of an expression with its type, ready to be evaluated and written as code.</summary>
/// <param name="Type">Null where it is the word <c>missing</c>, which is of every type, or where it has a problem.</param>
internal abstract record BoundExpression(ExpressionType? Type)
{
    public abstract ExpressionVector Evaluate(Table rows);
    public abstract string ToPandas();
    public abstract string ToCSharp();

    internal sealed record Constant(ExpressionType? Type, ExpressionVector Value) : BoundExpression(Type)
    {
        public bool IsMissing => Value.IsMissing(0);

        public override ExpressionVector Evaluate(Table rows) => Value;

        public override string ToPandas() => Value switch
        {
            _ when IsMissing => "pd.NA",
            NumberVector number => Number(number.Values[0]),
            TextVector text => ScriptLiterals.Python(text[0]!),
            TruthVector truth => truth.Values[0] == 1 ? "True" : "False",
            _ => $"pd.Timestamp(\"{Value.ToColumn("", 1).GetText(0)}\")",
        };

        public override string ToCSharp() => Value switch
        {
            _ when IsMissing => Type switch
            {
                ExpressionType.Text => "(string?)null",
                ExpressionType.Boolean => "(bool?)null",
                ExpressionType.Date => "(DateTime?)null",
                _ => "(double?)null",
            },
            // A nullable, so that every part of an expression is one.
            NumberVector number => $"((double?){Number(number.Values[0])})",
            TextVector text => ScriptLiterals.CSharp(text[0]!),
            TruthVector truth => truth.Values[0] == 1 ? "((bool?)true)" : "((bool?)false)",
            _ => $"((DateTime?)new DateTime({((DateVector)Value).Ticks[0].ToString(CultureInfo.InvariantCulture)}L, DateTimeKind.Utc))",
        };

        private static string Number(double value) => value < 0 ? $"({ScriptLiterals.Number(value)})" : ScriptLiterals.Number(value);
    }

    /// <param name="ReadAs">A boolean column may be read as the text that stands there.</param>
    internal sealed record ColumnValue(string Name, ColumnKind Kind, ExpressionType ReadAs) : BoundExpression(ReadAs)
    {
        public override ExpressionVector Evaluate(Table rows)
        {
            var column = rows[Name];
            var fits = Kind is ColumnKind.Category or ColumnKind.Text ? column.Kind is ColumnKind.Category or ColumnKind.Text : column.Kind == Kind;
            if (!fits) throw new ArgumentException($"Column '{Name}' holds {StepColumns.Noun(column.Kind)}; {StepColumns.Noun(Kind)} were expected, as in training.", nameof(rows));
            return column switch
            {
                NumericColumn numbers => new NumberVector(numbers.Values.ToArray(), false),
                DateTimeColumn dates => new DateVector(dates.Ticks.ToArray(), false),
                DictionaryColumn words when ReadAs == ExpressionType.Boolean =>
                    new TruthVector(TextVector.Of(words).MapTo(ReadTruth, TruthVector.MissingTruth), false),
                _ => TextVector.Of((DictionaryColumn)column),
            };
        }

        private static sbyte ReadTruth(string word)
        {
            foreach (var (yes, no) in BooleanWords.PairsOnDemand)
            {
                if (word.Equals(yes, StringComparison.OrdinalIgnoreCase)) return 1;
                if (word.Equals(no, StringComparison.OrdinalIgnoreCase)) return 0;
            }
            return TruthVector.MissingTruth;
        }

        public override string ToPandas() => ReadAs switch
        {
            ExpressionType.Number => $"number(df[{ScriptLiterals.Python(Name)}])",
            ExpressionType.Text => $"text(df[{ScriptLiterals.Python(Name)}])",
            ExpressionType.Boolean => $"truth(df[{ScriptLiterals.Python(Name)}])",
            _ => $"df[{ScriptLiterals.Python(Name)}]",
        };

        public override string ToCSharp() => ReadAs switch
        {
            ExpressionType.Number => $"row.Number({ScriptLiterals.CSharp(Name)})",
            ExpressionType.Text => $"row.Text({ScriptLiterals.CSharp(Name)})",
            ExpressionType.Boolean => $"row.Truth({ScriptLiterals.CSharp(Name)})",
            _ => $"row.Date({ScriptLiterals.CSharp(Name)})",
        };
    }

    internal sealed record Call(ExpressionType? Type, ExpressionFunction Function, BoundExpression[] Arguments) : BoundExpression(Type)
    {
        public override ExpressionVector Evaluate(Table rows) => Function.Evaluate(Array.ConvertAll(Arguments, a => a.Evaluate(rows)), rows.RowCount);

        public override string ToPandas()
        {
            // pandas compares dates of which one is missing to false, not to missing; whole numbers of ticks know missing.
            var compared = Function.Group == ExpressionFunctions.Operators && Arguments[0].Type == ExpressionType.Date;
            return Function.Pandas(Array.ConvertAll(Arguments, a => compared ? $"ticks({a.ToPandas()})" : Function.Name == "concat" && a.Type != ExpressionType.Text ? $"to_text({a.ToPandas()})" : a.ToPandas()));
        }

        public override string ToCSharp() => Function.CSharp(Array.ConvertAll(Arguments, a => Function.Name == "concat" && a.Type != ExpressionType.Text ? $"ToText({a.ToCSharp()})" : a.ToCSharp()));
    }
}

/// <summary>Values as they stand in source text.</summary>
internal static class ScriptLiterals
{
    /// <summary>Loses nothing; valid in both languages as a floating point number.</summary>
    public static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0";
    }

    public static string Python(string text) => Quote(text, code => code > 0xFF ? $"\\u{code:x4}" : $"\\x{code:x2}");

    public static string CSharp(string text) => Quote(text, code => $"\\u{code:x4}");

    private static string Quote(string text, Func<int, string> escape)
    {
        var quoted = new StringBuilder("\"");
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (c == '\n') quoted.Append("\\n");
            else if (c == '\r') quoted.Append("\\r");
            else if (c == '\t') quoted.Append("\\t");
            else if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) quoted.Append(c).Append(text[++i]);
            // Control characters, line separators and marks that change the direction of writing would make the script read other than it is.
            else if (char.IsControl(c) || char.IsSurrogate(c) || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) quoted.Append(escape(c));
            else quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>For comments: on one line, whatever a name holds.</summary>
    public static string Comment(string text) => string.Concat(text.Select(c => char.IsControl(c) || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? ' ' : c));
}
