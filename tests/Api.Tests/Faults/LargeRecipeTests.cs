using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using ModelWorkbench.Core.Recipes.Steps;
using Xunit;

namespace ModelWorkbench.Api.Tests.Faults;

/// <summary>F15: a file many times larger than what the program may take of the memory is uploaded, cleaned by ten steps and taken away.</summary>
[Collection(nameof(AloneCollection))]
public sealed class LargeRecipeTests(ITestOutputHelper output)
{
    private const string Header = "id,when,city,product,price,amount,discount,note,rating,channel\n";

    private static readonly string[] Cities = ["Bern", " bern", "Zürich", "Genève", "", "Basel "];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_steps_over_a_large_file_take_little_memory_and_the_same_bytes_come_of_it_each_time()
    {
        using var folder = new TemporaryFolder();
        using var program = await WorkbenchProcess.StartAsync(folder.Path, "--Workbench:MaxUploadMegabytes=2048");
        using var http = new HttpClient { BaseAddress = program.Address, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = program.Api.Http.DefaultRequestHeaders.Authorization;
        // What each of it takes for the first time is not the file's.
        await CleanAsync(await UploadAsync(1));
        var before = Memory();
        var (most, stop) = (before, false);
        List<double> pages = [];
        var others = Task.Run(async () =>
        {
            while (!Volatile.Read(ref stop))
            {
                var began = Stopwatch.GetTimestamp();
                using (var page = await program.Api.Http.GetAsync("/api/v1/datasets", Cancel)) Assert.Equal(HttpStatusCode.OK, page.StatusCode);
                pages.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                most = Math.Max(most, Memory());
                await Task.Delay(50, Cancel);
            }
        }, Cancel);
        var megabytes = FaultRun.Count(20, 1_024);
        var clock = Stopwatch.StartNew();
        var dataset = await UploadAsync(megabytes);
        var (uploaded, afterUpload) = (clock.Elapsed, most);
        var first = await CleanAsync(dataset);
        var cleaned = clock.Elapsed - uploaded;
        Assert.Equal(first, await CleanAsync(dataset));
        Volatile.Write(ref stop, true);
        await others;
        pages.Sort();
        FaultRun.Report(output, "F15", $"{megabytes} MB read in {uploaded.TotalSeconds:0} s (memory +{afterUpload - before} MB), ten steps over all of it in {cleaned.TotalSeconds:0} s (memory +{most - before} MB), twice the same {first.Length / 1e6:0} MB · others answered meanwhile {pages.Count}, p95 {pages[(int)(pages.Count * 0.95)]:0} ms");
        Assert.True(most - before <= 400, $"The program took {most - before} MB more; expected at most 400, however large the file.");

        long Memory()
        {
            using var process = Process.GetProcessById(program.Id);
            return process.WorkingSet64 >> 20;
        }

        async Task<int> UploadAsync(int size)
        {
            using var answer = await http.PostAsync($"/api/v1/datasets?name=sales{size}.csv", new StreamContent(new Rows(size * 1024L * 1024L)), Cancel);
            var id = (await ApiClient.ReadAsync<Workbench.Datasets.DatasetApi.DatasetAnswer>(answer, HttpStatusCode.Created)).Id;
            await program.Api.SetRecipeAsync(id,
                new RenameColumnStep("when", "date"), new TidyTextStep(["city", "note"], Case: LetterCase.Upper), new FillMissingStep(["discount"], FillMethod.Median), new FillMissingStep(["city"], FillMethod.MostFrequent),
                new Log1pStep(["price"]), new ScaleStep(["amount"], ScaleMethod.Standardize), new ClipOutliersStep(["discount"]), new DropColumnsStep(["id"]), new DropMissingRowsStep(["rating"]), new MergeRareStep(["product"]));
            return id;
        }

        async Task<(long Length, string Sha256)> CleanAsync(int id)
        {
            using var answer = await http.GetAsync($"/api/v1/datasets/{id}/export", HttpCompletionOption.ResponseHeadersRead, Cancel);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, await (answer.IsSuccessStatusCode ? Task.FromResult("") : answer.Content.ReadAsStringAsync(Cancel)));
            await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 16];
            var length = 0L;
            while (await body.ReadAsync(buffer, Cancel) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
                length += read;
            }
            return (length, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
    }

    /// <summary>A table of sales as long as is wished, made while it is read.</summary>
    private sealed class Rows(long length) : Stream
    {
        private readonly Random _random = new(1);
        private byte[] _row = Encoding.UTF8.GetBytes(Header);
        private int _at;
        private long _given;
        private int _id;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var given = 0;
            while (given < count)
            {
                if (_at == _row.Length)
                {
                    if (_given + given >= length) break;
                    (_row, _at) = (Next(), 0);
                }
                var part = Math.Min(count - given, _row.Length - _at);
                _row.AsSpan(_at, part).CopyTo(buffer.AsSpan(offset + given));
                (_at, given) = (_at + part, given + part);
            }
            _given += given;
            return given;
        }

        private byte[] Next() => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{++_id},2026-{_random.Next(1, 13):00}-{_random.Next(1, 29):00},{Cities[_random.Next(Cities.Length)]},p{(int)(1000 * Math.Pow(_random.NextDouble(), 4))},{_random.NextDouble() * 1000:0.00},{_random.Next(1, 100)},{(_random.Next(3) == 0 ? "" : $"{_random.Next(40)}")},note {_random.Next(20)} ,{(_random.Next(20) == 0 ? "" : $"{_random.Next(1, 6)}")},{(_random.Next(2) == 0 ? "web" : "shop")}\n"));

        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
