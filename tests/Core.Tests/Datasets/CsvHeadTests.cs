using System.IO.Compression;
using System.Text;
using ModelWorkbench.Core.Datasets;
using Xunit;

namespace ModelWorkbench.Core.Tests.Datasets;

public class CsvHeadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private static readonly string Folder = Path.GetTempPath();

    [Fact]
    public void A_small_file_is_read_whole_with_its_raw_lines_beside()
    {
        using var file = new TemporaryFile("a;b\n1,5;x\n2;y\n");
        var head = CsvHead.Open(file.Path, Folder, Token)!;
        Assert.True(head.IsWhole);
        Assert.Equal(["a;b", "1,5;x"], head.Lines("utf-8", 2));
        var read = head.Read(new CsvOptions { Delimiter = ";", DecimalMark = ',' }, Folder, Token);
        Assert.Equal([1.5, 2], ((NumericColumn)read.Table["a"]).Values.ToArray());
    }

    [Fact]
    public void Of_a_large_file_whole_lines_from_the_top_are_read_even_where_the_cut_lies_in_a_quoted_field()
    {
        var text = new StringBuilder("id,note\n");
        for (var row = 1; row <= 3_000; row++) text.Append(row).Append(",\"line one of row ").Append(row).Append("\nline two, with a comma and enough words to fill the block sooner or later\"\n");
        using var file = new TemporaryFile(text.ToString());
        var head = CsvHead.Open(file.Path, Folder, Token)!;
        Assert.False(head.IsWhole);
        var read = head.Read(new CsvOptions(), Folder, Token);
        Assert.Equal(0, read.ProblemCount);
        Assert.InRange(read.Table.RowCount, 200, 2_999);
        Assert.Equal(Enumerable.Range(1, read.Table.RowCount).Select(i => (double)i), ((NumericColumn)read.Table["id"]).Values.ToArray());
    }

    [Fact]
    public void A_packed_file_is_shown_as_what_is_inside()
    {
        using var file = new TemporaryFile("");
        using (var packed = new GZipStream(File.Create(file.Path), CompressionLevel.Fastest)) packed.Write("a,b\n1,2\n"u8);
        Assert.Equal(["a,b", "1,2"], CsvHead.Open(file.Path, Folder, Token)!.Lines("utf-8", 5));
    }

    [Fact]
    public void Letters_change_with_the_encoding_that_is_tried()
    {
        using var file = new TemporaryFile("");
        File.WriteAllBytes(file.Path, [.. "stadt\nM"u8, 0xFC, .. "nster\n"u8]);
        var head = CsvHead.Open(file.Path, Folder, Token)!;
        Assert.Equal("Münster", head.Read(new CsvOptions { Encoding = "windows-1252" }, Folder, Token).Table["stadt"].GetText(0));
        Assert.NotEqual(0, head.Read(new CsvOptions { Encoding = "utf-8" }, Folder, Token).ProblemCount);
    }
}
