namespace ModelWorkbench.Core.Datasets;

/// <summary>Names of columns as a table wants them.</summary>
internal static class ColumnNames
{
    /// <summary>A blank name becomes column_N, a repeated one name_2, name_3, …</summary>
    /// <param name="written">As they stand in the file, trimmed.</param>
    public static string[] MakeDistinct(string[] written)
    {
        // A name made up for a repeated or blank one must not take a name that stands in the header.
        var taken = new HashSet<string>(written, StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal);
        var names = new string[written.Length];
        for (var c = 0; c < names.Length; c++)
        {
            var name = written[c];
            if (name.Length == 0 || !used.Add(name))
            {
                var stem = name.Length == 0 ? "column" : name;
                for (var number = name.Length == 0 ? c + 1 : 2; !taken.Add(name = $"{stem}_{number}"); number++) { }
                used.Add(name);
            }
            names[c] = name;
        }
        return names;
    }
}
