using System.Text.RegularExpressions;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Profiling;

/// <summary>Looks for what makes models bad or training fail.</summary>
public static partial class DataWarnings
{
    /// <param name="profile">Of all rows.</param>
    /// <param name="sample">At most about 100,000 of the rows; where it holds fewer than the profile, counts of single values are those of the sample and the message says so.</param>
    /// <param name="target">The column to predict, or null.</param>
    /// <returns>The most severe first, then in order of the table.</returns>
    public static IReadOnlyList<DataWarning> Find(DatasetProfile profile, Table sample, string? target, CancellationToken ct)
    {
        var found = new List<DataWarning>();
        if (profile.DuplicateRowCount > 0)
            found.Add(new(WarningCode.DuplicateRows, 100L * profile.DuplicateRowCount >= profile.RowCount ? WarningSeverity.Warning : WarningSeverity.Note, [],
                $"{(profile.DuplicateRowsEstimated ? "About " : "")}{Words.Count(profile.DuplicateRowCount, "row equals", "rows equal")} an earlier row in all columns ({Words.Percent(profile.DuplicateRowCount, profile.RowCount)})."));
        foreach (var group in profile.DuplicateColumns)
            found.Add(new(WarningCode.DuplicateColumns, WarningSeverity.Warning, group, $"{string.Join(", ", group)} hold the same values in all rows."));
        var where = sample.RowCount < profile.RowCount ? $" in a sample of {Words.Count(sample.RowCount, "row", "rows")}" : "";
        foreach (var column in profile.Columns)
        {
            ct.ThrowIfCancellationRequested();
            var isTarget = column.Name == target;
            var present = column.RowCount - column.MissingCount;
            if (isTarget) TargetFindings.Add(column, sample.Find(column.Name), where, found);
            if (column.DistinctCount <= 1)
            {
                if (column.RowCount > 1 && !isTarget)
                    found.Add(new(WarningCode.Constant, WarningSeverity.Warning, [column.Name], present == 0 ? "It has no value at all." : column.MissingCount == 0 ? $"All rows have the value '{column.TopValues[0].Value}'." : $"The only value is '{column.TopValues[0].Value}'; {Words.Count(column.MissingCount, "row has", "rows have")} none: only whether there is one can tell anything."));
                continue;
            }
            if (sample.Find(column.Name) is not { } values) continue;
            if (!isTarget && column.MissingFraction >= 0.5)
                found.Add(new(WarningCode.MostlyMissing, WarningSeverity.Warning, [column.Name], $"{Words.Percent(column.MissingCount, column.RowCount)} of the values are missing."));
            var top = column.TopValues[0];
            if (!isTarget && present >= 100 && top.Count >= 0.99 * present)
                found.Add(new(WarningCode.NearConstant, WarningSeverity.Note, [column.Name], $"{Words.Percent(top.Count, present)} of the values are '{top.Value}'."));
            if (!isTarget && IsIdentifier(column, values, present))
                found.Add(new(WarningCode.IdLike, WarningSeverity.Warning, [column.Name], $"{Words.Count(column.DistinctCount, "different value", "different values")} in {Words.Count(present, "row", "rows")}: it names the row and cannot help with new ones."));
            if (values is DictionaryColumn texts) TextFindings.Add(column, texts, sample, isTarget, where, found);
            // Prices and dates differ from row to row too.
            if (found.Any(w => w.Code is WarningCode.NumbersAsText or WarningCode.DatesAsText && w.Columns.Contains(column.Name)) && !IdentifierName().IsMatch(column.Name))
                found.RemoveAll(w => w.Code == WarningCode.IdLike && w.Columns.Contains(column.Name));
            if (values is NumericColumn numbers && !isTarget) NumberFindings.Add(column, numbers, sample, where, found);
            else if (values is DateTimeColumn dates && !isTarget) NumberFindings.AddForDates(column, dates, sample, where, found);
        }
        if (target is not null && sample.Find(target) is not null) LeakFindings.Add(sample, target, found, ct);
        var isPart = sample.RowCount < profile.RowCount;
        return [.. found.Select(warning => warning with { FromSample = isPart }).OrderByDescending(warning => warning.Severity)];
    }

    /// <summary>A different value in (nearly) every row: whole numbers that fill their range, short texts, or texts of one word.</summary>
    private static bool IsIdentifier(ColumnProfile column, Column values, int present)
    {
        if (present < 20) return false;
        var isNamed = IdentifierName().IsMatch(column.Name);
        if (column.DistinctCount < 0.99 * present) return false;
        if (column.Kind == ColumnKind.Numeric)
            return column.Numbers is { } n && n.Minimum == Math.Floor(n.Minimum) && column.TopValues.All(v => !v.Value.Contains('.')) && (isNamed || column.DistinctCount == present && n.Maximum - n.Minimum < 1.5 * present);
        // Sentences that differ are text to learn from; names, numbers and keys of things are not.
        return column.Kind is ColumnKind.Text or ColumnKind.Category && (isNamed || column.DistinctCount >= 0.999 * present && (column.Lengths is { Mean: <= 20 } || values is DictionaryColumn texts && !texts.Values.Any(v => v.Any(char.IsWhiteSpace))));
    }

    /// <summary>id, user_id, customerID, UUID; not "paid" and not "PAID".</summary>
    [GeneratedRegex(@"^(?i:id|index|row[ _.-]?names?|row[ _.-]?(number|no|id)|key|uuid|guid)$|[a-z0-9](ID|Id|UUID|GUID)$|[ _.-](?i:id|uuid|guid)$", RegexOptions.CultureInvariant)]
    private static partial Regex IdentifierName();
}
