using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ModelWorkbench.Core.Recipes;
using ModelWorkbench.Workbench.Datasets;
using ModelWorkbench.Workbench.Storage;
using Xunit;

namespace ModelWorkbench.Api.Tests;

/// <summary>Files that come in pieces, connections that drop, and files that are no tables.</summary>
public sealed class UploadTests(SharedWorkbench workbench) : IClassFixture<SharedWorkbench>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private ApiClient Api => workbench.App.Api;

    [Fact]
    public async Task A_connection_that_drops_at_half_costs_nothing_that_had_arrived()
    {
        var bytes = Encoding.UTF8.GetBytes("n,square\n" + string.Concat(Enumerable.Range(1, 40_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i},{(long)i * i}\n"))));
        var address = await CreateAsync(Api, "squares.csv", bytes.Length);
        await SendHalfAndDropAsync(address, bytes);
        // The server notices a dropped connection in its own time.
        await Poll.UntilAsync(async () => await OffsetAsync(Api, address) == bytes.Length / 2, TimeSpan.FromSeconds(20), "what had arrived is kept");

        Assert.Equal(bytes.Length, await SendAsync(Api, address, bytes.Length / 2, bytes[(bytes.Length / 2)..]));
        var import = await ImportAsync(Api, address);
        var dataset = await Api.GetAsync<DatasetApi.DatasetAnswer>($"/api/v1/datasets/{import.DatasetId}");
        Assert.Equal((40_000, 2, "squares.csv", Convert.ToHexStringLower(SHA256.HashData(bytes))), (dataset.RowCount, dataset.ColumnCount, dataset.FileName, dataset.FileSha256));
        using var gone = await Api.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, address), Cancel);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Pieces_that_do_not_fit_are_refused_and_change_nothing()
    {
        var address = await CreateAsync(Api, "a.csv", 10);
        await SendAsync(Api, address, 0, "a,b\n"u8.ToArray());
        using (var wrong = await PatchAsync(Api, address, 2, "xx"u8.ToArray())) Assert.Equal(HttpStatusCode.Conflict, wrong.StatusCode);
        using (var more = await PatchAsync(Api, address, 4, "1,2\n3,4\n"u8.ToArray())) Assert.Equal(HttpStatusCode.RequestEntityTooLarge, more.StatusCode);
        Assert.Equal(4, await OffsetAsync(Api, address));
        using (var early = await Api.Http.PostAsJsonAsync("/api/v1/imports", new UploadApi.ImportBody(Id(address)), CoreJson.Options, Cancel)) Assert.Equal(HttpStatusCode.Conflict, early.StatusCode);
        await Api.DeleteAsync(address);
        using var gone = await PatchAsync(Api, address, 4, "1,2\n"u8.ToArray());
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Theory]
    [InlineData("/api/v1/uploads/../datasets")]
    [InlineData("/api/v1/uploads/..%2F..%2Fworkbench.db")]
    [InlineData("/api/v1/uploads/0123456789abcdef0123456789abcdef")]
    public async Task An_address_that_is_no_upload_reaches_no_file(string address)
    {
        using var answer = await PatchAsync(Api, address, 0, "x"u8.ToArray());
        Assert.False(answer.IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_newer_file_makes_a_version_and_the_older_one_can_be_made_current_again()
    {
        var first = await ImportAsync(Api, await UploadAsync(Api, "sales.csv", "a,b\n1,x\n2,y\n"u8.ToArray()));
        var id = first.DatasetId!.Value;
        var second = await ImportAsync(Api, await UploadAsync(Api, "sales-march.csv", "a,b\n1,x\n2,y\n3,z\n"u8.ToArray()), id);
        Assert.Equal(id, second.DatasetId);
        var versions = await Api.GetAsync<DatasetApi.VersionAnswer[]>($"/api/v1/datasets/{id}/versions");
        Assert.Equal([(2, true, "sales-march.csv", 3), (1, false, "sales.csv", 2)], versions.Select(v => (v.Number, v.IsCurrent, v.FileName, v.RowCount)));

        using var back = await Api.Http.PutAsJsonAsync($"/api/v1/datasets/{id}/current-version", new DatasetApi.NumberBody(1), CoreJson.Options, Cancel);
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
        Assert.Equal((1, 2), ((await Api.GetAsync<DatasetApi.DatasetAnswer>($"/api/v1/datasets/{id}")).Version, (await Api.GetAsync<DatasetApi.DatasetAnswer>($"/api/v1/datasets/{id}")).RowCount));
        using var unknown = await Api.Http.PutAsJsonAsync($"/api/v1/datasets/{id}/current-version", new DatasetApi.NumberBody(9), CoreJson.Options, Cancel);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task A_file_that_is_no_table_fails_in_words_and_can_be_put_away()
    {
        using var start = await Api.Http.PostAsJsonAsync("/api/v1/imports", new UploadApi.ImportBody(Id(await UploadAsync(Api, "photo.csv", [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0]))), CoreJson.Options, Cancel);
        var import = await WaitAsync(Api, (await start.Content.ReadFromJsonAsync<UploadApi.ImportAnswer>(CoreJson.Options, Cancel))!.Id);
        Assert.Equal((ImportStatus.Failed, true), (import.Status, import.Reason!.Contains("PNG", StringComparison.Ordinal)));
        Assert.Contains((await Api.GetAsync<UploadApi.ImportAnswer[]>("/api/v1/imports")), i => i.Id == import.Id);
        await Api.DeleteAsync($"/api/v1/imports/{import.Id}");
        Assert.DoesNotContain((await Api.GetAsync<UploadApi.ImportAnswer[]>("/api/v1/imports")), i => i.Id == import.Id);
    }

    public static TheoryData<string, string> BadFiles => new()
    {
        { "nothing", "empty" },
        { "nul-bytes", "NUL" },
        { "hundred-thousand-columns", "columns" },
        { "one-long-line", "longer than" },
        { "zip-bomb", "unpack" },
        { "torn-gzip", "gzip" },
        { "two-in-a-zip", "2" },
    };

    [Theory, MemberData(nameof(BadFiles))]
    public async Task A_bad_file_is_refused_in_words_and_leaves_nothing(string kind, string expected)
    {
        using var folder = new TemporaryFolder();
        await using var app = await WorkbenchApp.StartAsync(folder.Path);
        var before = Files(folder.Path);
        using var content = new StreamContent(Bad(kind));
        using var answer = await app.Api.Http.PostAsync("/api/v1/datasets?name=bad.csv", content, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.UnprocessableEntity, text);
        Assert.Contains(expected, text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before, Files(folder.Path));
        Assert.Empty(await app.Api.GetAsync<DatasetApi.DatasetAnswer[]>("/api/v1/datasets"));
    }

    [Fact]
    public async Task A_disk_that_fills_up_is_told_and_nothing_half_made_stays()
    {
        using var folder = new TemporaryFolder();
        Assert.SkipUnless(OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder.Path), "A small file system can only be mounted by root on Linux.");
        try
        {
            await using (var app = await WorkbenchApp.StartAsync(folder.Path, ("DiskFloorMegabytes", "0")))
            {
                var before = Files(folder.Path);
                // Announced, it is refused at once; unannounced, the disk fills up on the way.
                using (var announced = new HttpRequestMessage(HttpMethod.Post, "/api/v1/datasets?name=big.csv") { Content = new ByteArrayContent(new byte[40 << 20]) })
                {
                    announced.Headers.ExpectContinue = true;
                    using var answer = await app.Api.Http.SendAsync(announced, Cancel);
                    Assert.Equal(HttpStatusCode.InsufficientStorage, answer.StatusCode);
                }
                using (var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/datasets?name=big.csv") { Content = new StreamContent(Rows(40 << 20)) })
                {
                    request.Headers.TransferEncodingChunked = true;
                    using var answer = await app.Api.Http.SendAsync(request, Cancel);
                    Assert.Equal(HttpStatusCode.InsufficientStorage, answer.StatusCode);
                    Assert.Contains("Make room", await answer.Content.ReadAsStringAsync(Cancel));
                }
                // The file fits, the table made from it does not.
                using (var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/datasets?name=fits.csv") { Content = new StreamContent(Rows(20 << 20)) })
                {
                    request.Headers.TransferEncodingChunked = true;
                    using var answer = await app.Api.Http.SendAsync(request, Cancel);
                    var text = await answer.Content.ReadAsStringAsync(Cancel);
                    Assert.True(answer.StatusCode == HttpStatusCode.InsufficientStorage, text);
                    Assert.Contains("Make room", text);
                }
                using (var upload = new HttpRequestMessage(HttpMethod.Post, "/api/v1/uploads"))
                {
                    upload.Headers.Add("Upload-Length", (100L << 20).ToString(CultureInfo.InvariantCulture));
                    using var answer = await app.Api.Http.SendAsync(upload, Cancel);
                    Assert.Equal(HttpStatusCode.InsufficientStorage, answer.StatusCode);
                }
                Assert.Equal(before, Files(folder.Path));
                Assert.Equal(3, (await app.Api.UploadAsync(WriteSmall())).RowCount);
            }
        }
        finally
        {
            Run("umount", "-l", folder.Path);
        }
    }

    [Fact]
    public async Task Ten_uploads_at_once_for_which_there_is_no_room_leave_the_disk_its_floor()
    {
        using var folder = new TemporaryFolder();
        Assert.SkipUnless(OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder.Path), "A small file system can only be mounted by root on Linux.");
        try
        {
            const long floor = 16;
            await using (var app = await WorkbenchApp.StartAsync(folder.Path, ("DiskFloorMegabytes", $"{floor}")))
            {
                var (least, done) = (long.MaxValue, false);
                var watch = Task.Run(async () =>
                {
                    while (!Volatile.Read(ref done))
                    {
                        least = Math.Min(least, new DriveInfo(folder.Path).AvailableFreeSpace);
                        await Task.Delay(5, Cancel);
                    }
                }, Cancel);
                // Announced and not: half of them say how long they are.
                var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/datasets?name=f{i}.csv") { Content = new StreamContent(Rows(32 << 20)) };
                    request.Headers.TransferEncodingChunked = i % 2 == 0;
                    request.Headers.ExpectContinue = i % 2 == 1;
                    using var answer = await app.Api.Http.SendAsync(request, Cancel);
                    return (answer.StatusCode, Text: await answer.Content.ReadAsStringAsync(Cancel));
                }));
                Volatile.Write(ref done, true);
                await watch;
                // One may find room that the others have left.
                Assert.All(answers, a => Assert.True(a.StatusCode is HttpStatusCode.InsufficientStorage or HttpStatusCode.Created, a.Text));
                Assert.True(answers.Count(a => a.StatusCode == HttpStatusCode.InsufficientStorage) >= 8);
                Assert.True(least >> 20 >= floor - 4, $"Only {least >> 20} MB were free at times; expected about {floor}, the floor.");
                Assert.Equal(3, (await app.Api.UploadAsync(WriteSmall())).RowCount);
            }
        }
        finally
        {
            Run("umount", "-l", folder.Path);
        }
    }

    [Fact]
    public async Task An_import_that_was_killed_is_begun_again_at_the_next_start()
    {
        using var folder = new TemporaryFolder();
        int import;
        using (var first = await WorkbenchProcess.StartAsync(folder.Path))
        {
            var address = await UploadAsync(first.Api, "big.csv", ReadAll(Rows(60 << 20)));
            using var start = await first.Api.Http.PostAsJsonAsync("/api/v1/imports", new UploadApi.ImportBody(Id(address)), CoreJson.Options, Cancel);
            import = (await start.Content.ReadFromJsonAsync<UploadApi.ImportAnswer>(CoreJson.Options, Cancel))!.Id;
            await Poll.UntilAsync(async () => (await first.Api.GetAsync<UploadApi.ImportAnswer>($"/api/v1/imports/{import}")) is { Status: ImportStatus.Running, Fraction: > 0.05 }, TimeSpan.FromSeconds(60), "the import is on its way");
            await first.KillAsync();
        }
        using var second = await WorkbenchProcess.StartAsync(folder.Path);
        var done = await WaitAsync(second.Api, import);
        Assert.True(done.Status == ImportStatus.Completed, done.Reason);
        Assert.Single(await second.Api.GetAsync<DatasetApi.DatasetAnswer[]>("/api/v1/datasets"));
        Assert.Empty(Directory.GetFiles(Path.Combine(folder.Path, "tmp")));
        Assert.Empty(Directory.GetFiles(Path.Combine(folder.Path, "uploads")));
    }

    private async Task SendHalfAndDropAsync(string address, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Api.Http.BaseAddress!.Host, Api.Http.BaseAddress.Port, Cancel);
        var stream = client.GetStream();
        var head = $"PATCH {address} HTTP/1.1\r\nHost: {Api.Http.BaseAddress.Authority}\r\nAuthorization: {Api.Http.DefaultRequestHeaders.Authorization}\r\n" +
            $"Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {bytes.Length}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), Cancel);
        await stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), Cancel);
        await stream.FlushAsync(Cancel);
        await Task.Delay(200, Cancel);
    }

    private static async Task<string> CreateAsync(ApiClient api, string name, long length)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/uploads");
        request.Headers.Add("Upload-Length", length.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("Upload-Metadata", $"filename {Convert.ToBase64String(Encoding.UTF8.GetBytes(name))}");
        using var answer = await api.Http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return answer.Headers.Location!.ToString();
    }

    private static async Task<string> UploadAsync(ApiClient api, string name, byte[] bytes)
    {
        var address = await CreateAsync(api, name, bytes.Length);
        Assert.Equal(bytes.Length, await SendAsync(api, address, 0, bytes));
        return address;
    }

    private static async Task<HttpResponseMessage> PatchAsync(ApiClient api, string address, long offset, byte[] bytes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, address) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new("application/offset+octet-stream");
        request.Headers.Add("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture));
        return await api.Http.SendAsync(request, Cancel);
    }

    private static async Task<long> SendAsync(ApiClient api, string address, long offset, byte[] bytes)
    {
        using var answer = await PatchAsync(api, address, offset, bytes);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        return long.Parse(answer.Headers.GetValues("Upload-Offset").Single(), CultureInfo.InvariantCulture);
    }

    private static async Task<long> OffsetAsync(ApiClient api, string address)
    {
        using var answer = await api.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, address), Cancel);
        return long.Parse(answer.Headers.GetValues("Upload-Offset").Single(), CultureInfo.InvariantCulture);
    }

    /// <summary>Imports a finished upload to its end.</summary>
    private static async Task<UploadApi.ImportAnswer> ImportAsync(ApiClient api, string address, int? datasetId = null)
    {
        using var start = await api.Http.PostAsJsonAsync("/api/v1/imports", new UploadApi.ImportBody(Id(address), datasetId), CoreJson.Options, Cancel);
        Assert.Equal(HttpStatusCode.Accepted, start.StatusCode);
        var import = await WaitAsync(api, (await start.Content.ReadFromJsonAsync<UploadApi.ImportAnswer>(CoreJson.Options, Cancel))!.Id);
        Assert.True(import.Status == ImportStatus.Completed, import.Reason);
        return import;
    }

    private static async Task<UploadApi.ImportAnswer> WaitAsync(ApiClient api, int id)
    {
        UploadApi.ImportAnswer import = null!;
        await Poll.UntilAsync(async () => (import = await api.GetAsync<UploadApi.ImportAnswer>($"/api/v1/imports/{id}")).Status is not (ImportStatus.Queued or ImportStatus.Running), TimeSpan.FromSeconds(90), "the import has ended");
        return import;
    }

    private static string Id(string address) => address[(address.LastIndexOf('/') + 1)..];

    /// <summary>Paths and sizes; the database and its log, which change with every request, and the address, which is written after the start, left out.</summary>
    private static IReadOnlyList<(string, long)> Files(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(f => !Path.GetFileName(f).StartsWith("workbench.db", StringComparison.Ordinal) && Path.GetFileName(f) != "address").Order(StringComparer.Ordinal).Select(f => (f, new FileInfo(f).Length))];

    private static Stream Bad(string kind)
    {
        switch (kind)
        {
            case "nothing": return new MemoryStream();
            case "nul-bytes": return new MemoryStream([.. "a,b\n1,2\n"u8, .. new byte[1_000]]);
            case "hundred-thousand-columns": return new MemoryStream(Encoding.ASCII.GetBytes(string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"c{i}")) + "\n"));
            case "one-long-line":
                var line = new byte[40 << 20];
                Array.Fill(line, (byte)'x');
                return new MemoryStream(line);
            case "torn-gzip":
                var packed = Packed(Rows(1 << 20));
                return new MemoryStream(packed[..(packed.Length / 2)]);
            case "zip-bomb":
                var bomb = new MemoryStream();
                using (var zip = new ZipArchive(bomb, ZipArchiveMode.Create, leaveOpen: true))
                {
                    using var entry = zip.CreateEntry("bomb.csv", CompressionLevel.SmallestSize).Open();
                    var zeros = new byte[1 << 20];
                    Array.Fill(zeros, (byte)'0');
                    for (var i = 0; i < 300; i++) entry.Write(zeros);
                }
                bomb.Position = 0;
                return bomb;
            default:
                var two = new MemoryStream();
                using (var zip = new ZipArchive(two, ZipArchiveMode.Create, leaveOpen: true))
                    foreach (var name in (string[])["one.csv", "two.csv"])
                    {
                        using var entry = zip.CreateEntry(name).Open();
                        entry.Write("a,b\n1,2\n"u8);
                    }
                two.Position = 0;
                return two;
        }
    }

    /// <summary>A table of about that many bytes.</summary>
    private static MemoryStream Rows(int length)
    {
        var random = new Random(1);
        var text = new StringBuilder("id,city,amount,day\n", length + 100);
        for (var row = 1; text.Length < length; row++)
            text.Append(CultureInfo.InvariantCulture, $"{row},town {random.Next(500)},{random.NextDouble() * 1000:F3},2024-{random.Next(1, 13):D2}-{random.Next(1, 29):D2}\n");
        return new MemoryStream(Encoding.ASCII.GetBytes(text.ToString()));
    }

    private static byte[] Packed(MemoryStream rows)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) rows.CopyTo(gzip);
        return packed.ToArray();
    }

    private static byte[] ReadAll(MemoryStream stream) => stream.ToArray();

    private static string WriteSmall()
    {
        var path = Path.Combine(Path.GetTempPath(), "small-after-full-disk.csv");
        File.WriteAllText(path, "a,b\n1,x\n2,y\n3,z\n");
        return path;
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
