using System.Globalization;
using System.Text;

namespace ModelWorkbench.Benchmarks;

/// <summary>A CSV of 22 columns such as businesses keep: keys, numbers, categories, dates, blanks, text; about 165 bytes a row.</summary>
internal static class MixedFile
{
    private static readonly string[] Cities = ["Amsterdam", "Berlin", "Chicago", "Göteborg", "København", "Lisboa", "London", "Madrid", "Milano", "München", "New York", "Oslo", "Paris", "Praha", "Roma", "San Francisco", "Tokyo", "Warszawa", "Wien", "Zürich"];
    private static readonly string[] Segments = ["consumer", "corporate", "home office", "public", "small business"];
    private static readonly string[] Words = ["order", "late", "delivered", "to", "the", "neighbour", "box", "was", "damaged", "customer", "asked", "for", "refund", "again", "fine", "thanks", "great", "wrong", "size", "colour", "and", "missing", "part"];

    public static void Write(string path, int rows, int seed)
    {
        var random = new Random(seed);
        using var text = new StreamWriter(path, false, new UTF8Encoding(false), 1 << 20);
        text.Write("order_id,ordered_on,shipped_at,customer,city,segment,product,channel,returned,quantity,unit_price,discount,cost,weight_kg,latitude,longitude,rating,age,visits,score,code,comment\n");
        var line = new StringBuilder();
        var start = new DateTime(2015, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        for (var row = 0; row < rows; row++)
        {
            line.Clear();
            var day = start.AddDays(random.Next(3650));
            Append(10_000_000 + row);
            Append(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            Append(random.Next(20) == 0 ? "" : day.AddSeconds(random.Next(864_000)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
            Append($"C{random.Next(250_000):D6}");
            Append(Cities[(int)(Cities.Length * random.NextDouble() * random.NextDouble())]);
            Append(Segments[random.Next(Segments.Length)]);
            Append($"SKU-{(int)(800 * random.NextDouble() * random.NextDouble()):D4}");
            Append(random.Next(3) switch { 0 => "web", 1 => "store", _ => "phone" });
            Append(random.Next(12) == 0 ? "yes" : "no");
            Append(1 + random.Next(20));
            Append(Math.Exp(2 + random.NextDouble() * 4).ToString("F2"));
            Append(random.Next(3) == 0 ? (random.Next(8) * 0.05).ToString("F2") : "0");
            Append(random.Next(10) == 0 ? "" : (random.NextDouble() * 500).ToString("F4"));
            Append(random.Next(25) == 0 ? "NA" : (random.NextDouble() * 30).ToString("F3"));
            Append((random.NextDouble() * 180 - 90).ToString("F6"));
            Append((random.NextDouble() * 360 - 180).ToString("F6"));
            Append(random.Next(6) == 0 ? "" : (1 + random.Next(5)).ToString());
            Append(18 + random.Next(70));
            Append((int)(-Math.Log(1 - random.NextDouble()) * 40));
            Append((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5).ToString("R"));
            Append(random.Next(1_000_000).ToString("X5"));
            if (random.Next(3) > 0)
            {
                var words = 2 + random.Next(5);
                var quoted = random.Next(10) == 0;
                if (quoted) line.Append('"');
                for (var w = 0; w < words; w++) line.Append(w == 0 ? "" : quoted ? ", " : " ").Append(Words[random.Next(Words.Length)]);
                if (quoted) line.Append('"');
            }
            line.Append('\n');
            text.Write(line);
        }

        void Append<T>(T value) => line.Append(value).Append(',');
    }
}
