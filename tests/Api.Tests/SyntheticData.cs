using System.Globalization;
using System.Text;

namespace ModelWorkbench.Api.Tests;

/// <summary>Tables of numbers by chance, the same for the same seed.</summary>
public static class SyntheticData
{
    /// <summary>Numeric features <c>x1</c> … and a target <c>y</c>: noise, which makes trees as large as they can be.</summary>
    public static string Noise(TemporaryFolder folder, int rowCount, int featureCount)
    {
        var random = new Random(5);
        var text = new StringBuilder(string.Join(',', Enumerable.Range(1, featureCount).Select(i => $"x{i}"))).Append(",y\n");
        for (var row = 0; row < rowCount; row++)
        {
            for (var feature = 0; feature <= featureCount; feature++)
                text.Append(feature == 0 ? "" : ",").Append(random.NextDouble().ToString("0.00000", CultureInfo.InvariantCulture));
            text.Append('\n');
        }
        return folder.Write("noise.csv", text.ToString());
    }
}
