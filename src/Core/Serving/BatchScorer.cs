using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text;

namespace ModelWorkbench.Core.Serving;

/// <summary>A row that got no prediction.</summary>
/// <param name="Line">1-based line of the file on which it starts.</param>
/// <param name="Message">Column, found, expected.</param>
public sealed record BatchError(int Line, string Message);

/// <summary>How far a file is scored. Everything that is said here is in the answer already.</summary>
/// <param name="Rows">Rows in the answer.</param>
/// <param name="ErrorRows">Of these, rows without a prediction.</param>
/// <param name="BytesRead">Of the unpacked file.</param>
/// <param name="OutputBytes">Length of the answer.</param>
/// <param name="FirstErrors">At most <see cref="BatchScorer.MostErrors"/>.</param>
public sealed record BatchProgress(long Rows, long ErrorRows, long BytesRead, long OutputBytes, IReadOnlyList<BatchError> FirstErrors)
{
    public static BatchProgress None { get; } = new(0, 0, 0, 0, []);
}

/// <summary>Scores a CSV file into a CSV file: the fields of each row as they stand, then prediction, probabilities and error.</summary>
/// <remarks>
/// The caller's thread reads, some threads score, one writes; chunks of rows go from one to the next and come back empty. There is a fixed number of chunks, so whoever is behind holds the others up, and memory does not grow with the file.
/// The answer is UTF-8 with the delimiter, quotes, line ends and decimal mark of the file.
/// </remarks>
public sealed class BatchScorer(Predictor predictor, BatchFile file)
{
    /// <summary>So many rows with errors are kept for people to look at; each stands in the answer.</summary>
    public const int MostErrors = 5;

    /// <summary>Threads that score.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Called first by each thread that is begun, such as to give it a lower priority.</summary>
    public Action? ThreadBegins { get; init; }

    /// <summary>The columns that are added, in order.</summary>
    public IReadOnlyList<string> AddedColumns => new BatchColumns(file, predictor).Names;

    /// <param name="output">Written from where it stands: the beginning, or where an earlier run left off.</param>
    /// <param name="done">What earlier runs have written of the same file with the same model; their rows are passed over.</param>
    /// <param name="written">Called after each chunk, by the thread that writes.</param>
    /// <param name="ct">Heeded within a chunk.</param>
    /// <exception cref="Datasets.CsvFormatException">The file cannot be read further; what was written until then is sound.</exception>
    /// <exception cref="IOException">The file has fewer rows than were done, or the answer cannot be written.</exception>
    public BatchProgress Run(Stream output, BatchProgress done, Action<BatchProgress>? written, CancellationToken ct)
    {
        var columns = new BatchColumns(file, predictor);
        var run = new Pass(this, predictor, file, columns, output, done, written, ct);
        return run.Finish();
    }

    private sealed class Pass : IDisposable
    {
        private readonly BatchScorer _scorer;
        private readonly Predictor _predictor;
        private readonly BatchFile _file;
        private readonly BatchColumns _columns;
        private readonly Stream _output;
        private readonly Action<BatchProgress>? _written;
        private readonly CancellationTokenSource _stop;
        private readonly CancellationToken _caller;
        private readonly BlockingCollection<BatchChunk> _free = [];
        private readonly BlockingCollection<BatchChunk> _toScore = [];
        private readonly BlockingCollection<BatchChunk> _toWrite = [];
        private readonly Task[] _threads;
        private BatchProgress _progress;
        private Exception? _failure;

        public Pass(BatchScorer scorer, Predictor predictor, BatchFile file, BatchColumns columns, Stream output, BatchProgress done, Action<BatchProgress>? written, CancellationToken ct)
        {
            (_scorer, _predictor, _file, _columns, _output, _written, _caller, _progress) = (scorer, predictor, file, columns, output, written, ct, done);
            _stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var count = Math.Max(1, scorer.Threads);
            // One is being filled, one written, and each scorer has one and finds another.
            for (var i = 0; i < (2 * count) + 2; i++) _free.Add(new BatchChunk(file.Inputs.Count), CancellationToken.None);
            _threads = [.. Enumerable.Range(0, count).Select(_ => Begin(Score)), Begin(Write)];
        }

        public BatchProgress Finish()
        {
            using (this)
            {
                try
                {
                    Read();
                }
                catch (OperationCanceledException) when (_stop.IsCancellationRequested)
                {
                    // By the caller, or by a thread that failed and has left the reason.
                }
                catch
                {
                    // What was read before is written, so that a file that breaks off leaves the rows until there.
                    Complete();
                    throw;
                }
                Complete();
                if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
                _caller.ThrowIfCancellationRequested();
                return _progress;
            }
        }

        private void Complete()
        {
            _toScore.CompleteAdding();
            _toWrite.CompleteAdding();
            Task.WaitAll(_threads, CancellationToken.None);
        }

        private Task Begin(Action work) => Task.Factory.StartNew(() =>
        {
            try
            {
                _scorer.ThreadBegins?.Invoke();
                work();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The caller knows, or another thread has failed and says why.
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _failure, e, null);
                _stop.Cancel();
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        private void Read()
        {
            using var bytes = Datasets.CsvText.OpenBytes(_file.Path);
            using var records = new Datasets.CsvRecords(Datasets.CsvText.OpenText(bytes, _file.Options.Encoding), _file.Options, Datasets.OpenQuote.ReadAsText) { UsualFieldCount = _file.Names.Count };
            if (_progress.OutputBytes == 0) WriteHeader(records);
            else if (_file.Options.HasHeader) records.Read();
            for (var passed = 0L; passed < _progress.Rows; passed++)
            {
                if (passed % 4096 == 0) _stop.Token.ThrowIfCancellationRequested();
                if (!records.Read()) throw new IOException($"The file has {passed:N0} rows; {_progress.Rows:N0} were scored before.");
            }
            var chunk = _free.Take(_stop.Token);
            while (records.Read())
            {
                chunk.Add(records, _file);
                if (!chunk.IsFull) continue;
                Hand(chunk, bytes.Position);
                chunk = _free.Take(_stop.Token);
            }
            Hand(chunk, bytes.Length);
        }

        private void Hand(BatchChunk chunk, long bytesRead)
        {
            chunk.BytesRead = bytesRead;
            _toWrite.Add(chunk, _stop.Token);
            _toScore.Add(chunk, _stop.Token);
        }

        private void WriteHeader(Datasets.CsvRecords records)
        {
            var header = new StringBuilder();
            if (_file.HasByteOrderMark) header.Append('\uFEFF');
            if (_file.Options.HasHeader && records.Read() && records.FieldCount == _file.Names.Count && _file.Options.ColumnNames.Count == 0 && records.MisplacedQuote < 0) header.Append(records.Raw.TrimEnd("\r\n"));
            else header.AppendJoin(_file.Fields.Delimiter, _file.Names.Select(_file.Fields.Ready));
            foreach (var name in _columns.Names) header.Append(_file.Fields.Delimiter).Append(_file.Fields.Ready(name));
            var text = Encoding.UTF8.GetBytes(header.Append(_file.LineEnd).ToString());
            _output.Write(text);
            _progress = _progress with { OutputBytes = text.Length };
        }

        private void Score()
        {
            using var prediction = _predictor.Begin();
            var values = new BatchValues(_file);
            foreach (var chunk in _toScore.GetConsumingEnumerable(_stop.Token))
            {
                chunk.Score(_columns, values, prediction, _stop.Token);
                chunk.Done.Set();
            }
        }

        private void Write()
        {
            foreach (var chunk in _toWrite.GetConsumingEnumerable(_stop.Token))
            {
                chunk.Done.Wait(_stop.Token);
                _output.Write(chunk.Output);
                var errors = _progress.FirstErrors;
                if (chunk.Errors.Count > 0 && errors.Count < MostErrors) errors = [.. errors, .. chunk.Errors.Take(MostErrors - errors.Count)];
                _progress = new BatchProgress(_progress.Rows + chunk.RowCount, _progress.ErrorRows + chunk.ErrorCount, chunk.BytesRead, _progress.OutputBytes + chunk.Output.Length, errors);
                _written?.Invoke(_progress);
                chunk.Clear();
                _free.Add(chunk, CancellationToken.None);
            }
        }

        public void Dispose()
        {
            _stop.Cancel();
            Complete();
            _free.Dispose();
            _toScore.Dispose();
            _toWrite.Dispose();
            _stop.Dispose();
        }
    }
}
