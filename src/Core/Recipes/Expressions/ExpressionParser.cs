using System.Globalization;
using ModelWorkbench.Core.Datasets;

namespace ModelWorkbench.Core.Recipes.Expressions;

/// <summary>Reads an expression by operator precedence (Pratt 1973, Top down operator precedence).</summary>
/// <remarks>From loose to tight: <c>or</c>, <c>and</c>, <c>not</c>, comparisons, <c>+ -</c>, <c>* / %</c>, minus before a value, <c>^</c> (to the right, and above the minus: -2^2 is -4).</remarks>
internal sealed class ExpressionParser
{
    private const int OrPower = 1, AndPower = 2, NotPower = 3, ComparePower = 4, AddPower = 5, MultiplyPower = 6, NegatePower = 7, RaisePower = 8;

    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private int _next;
    private int _nesting;

    private ExpressionParser(string text) => _text = text;

    private enum TokenKind { Number, Text, Name, QuotedName, Sign, End }

    private readonly record struct Token(TokenKind Kind, string Value, int Start, int Length, double Number = 0);

    /// <exception cref="ExpressionSyntaxException">The text is no expression, or longer or deeper than allowed.</exception>
    public static ExpressionSyntax Parse(string text)
    {
        if (text.Length > Expression.MaxLength)
            throw new ExpressionSyntaxException($"The expression has {text.Length} characters, expected at most {Expression.MaxLength}.", Expression.MaxLength, 1);
        var parser = new ExpressionParser(text);
        parser.ReadTokens();
        if (parser.Peek.Kind == TokenKind.End) throw new ExpressionSyntaxException("The expression is empty.", 0, 1);
        var syntax = parser.ParseOperators(0);
        return parser.Peek.Kind == TokenKind.End ? syntax : throw parser.Unexpected(parser.Peek, "an operator or the end");
    }

    private Token Peek => _tokens[_next];

    private Token Take() => _tokens[_next++];

    private ExpressionSyntax ParseOperators(int power)
    {
        // The recursion of the parser is bounded before the tree is there to be measured.
        if (++_nesting > Expression.MaxDepth) throw TooDeep(Peek.Start);
        var left = ParseOperand();
        var compared = false;
        while (PowerOf(Peek) is var next && next > power)
        {
            var sign = Take();
            if (next == ComparePower)
            {
                if (compared) throw new ExpressionSyntaxException($"Comparisons cannot be chained: found a second '{sign.Value}', expected 'and' between two comparisons.", sign.Start, sign.Length);
                compared = true;
            }
            // ^ goes to the right: 2^3^2 is 2^9.
            var right = ParseOperators(next == RaisePower ? next - 1 : next);
            left = Join(NameOf(sign), left.Start, right.Start + right.Length, left, right);
        }
        _nesting--;
        return left;
    }

    private ExpressionSyntax ParseOperand()
    {
        var token = Take();
        switch (token.Kind)
        {
            case TokenKind.Number: return new ExpressionSyntax.Number(token.Start, token.Length, token.Number);
            case TokenKind.Text: return new ExpressionSyntax.Text(token.Start, token.Length, token.Value);
            case TokenKind.QuotedName: return new ExpressionSyntax.ColumnName(token.Start, token.Length, token.Value);
            case TokenKind.Sign when token.Value is "-" or "+":
                var operand = ParseOperators(NegatePower);
                return token.Value == "+" ? operand : Join("negate", token.Start, operand.Start + operand.Length, operand);
            case TokenKind.Sign when token.Value == "(":
                var inner = ParseOperators(0);
                Expect(")");
                return inner;
            case TokenKind.Name when Peek is { Kind: TokenKind.Sign, Value: "(" } && !IsWord(token, "and") && !IsWord(token, "or") && !IsWord(token, "not"):
                return ParseCall(token);
            case TokenKind.Name when IsWord(token, "not"):
                var condition = ParseOperators(NotPower);
                return Join("not", token.Start, condition.Start + condition.Length, condition);
            case TokenKind.Name when IsWord(token, "true") || IsWord(token, "false"): return new ExpressionSyntax.Truth(token.Start, token.Length, IsWord(token, "true"));
            case TokenKind.Name when IsWord(token, "missing"): return new ExpressionSyntax.Missing(token.Start, token.Length);
            case TokenKind.Name when !IsWord(token, "and") && !IsWord(token, "or"): return new ExpressionSyntax.ColumnName(token.Start, token.Length, token.Value);
            default: throw Unexpected(token, "a column, a value or a function");
        }
    }

    private ExpressionSyntax.Call ParseCall(Token name)
    {
        Take();
        var arguments = new List<ExpressionSyntax>();
        if (Peek is not { Kind: TokenKind.Sign, Value: ")" })
        {
            arguments.Add(ParseOperators(0));
            while (Peek is { Kind: TokenKind.Sign, Value: "," })
            {
                Take();
                arguments.Add(ParseOperators(0));
            }
        }
        var end = Expect(")");
        return Join(name.Value.ToLowerInvariant(), name.Start, end.Start + end.Length, [.. arguments]);
    }

    private static ExpressionSyntax.Call Join(string name, int start, int end, params ExpressionSyntax[] arguments)
    {
        var call = new ExpressionSyntax.Call(start, end - start, name, arguments);
        return call.Depth <= Expression.MaxDepth ? call : throw TooDeep(start);
    }

    private static ExpressionSyntaxException TooDeep(int start) => new($"The expression is nested too deeply, expected at most {Expression.MaxDepth} levels.", start, 1);

    private Token Expect(string sign)
    {
        var token = Take();
        return token.Kind == TokenKind.Sign && token.Value == sign ? token : throw Unexpected(token, sign == ")" ? "a comma, an operator or ')'" : $"'{sign}'");
    }

    private ExpressionSyntaxException Unexpected(Token token, string expected) => new(
        token.Kind == TokenKind.End ? $"The expression ends too early, expected {expected}." : $"Found '{_text.Substring(token.Start, token.Length)}', expected {expected}.",
        token.Start, Math.Max(1, token.Length));

    private static int PowerOf(Token token) => token.Kind switch
    {
        TokenKind.Name when IsWord(token, "or") => OrPower,
        TokenKind.Name when IsWord(token, "and") => AndPower,
        TokenKind.Sign => token.Value switch
        {
            "=" or "==" or "!=" or "<>" or "<" or "<=" or ">" or ">=" => ComparePower,
            "+" or "-" => AddPower,
            "*" or "/" or "%" => MultiplyPower,
            "^" => RaisePower,
            _ => 0,
        },
        _ => 0,
    };

    private static string NameOf(Token sign) => sign.Value switch
    {
        "==" => "=",
        "<>" => "!=",
        var name => name.ToLowerInvariant(),
    };

    private static bool IsWord(Token token, string word) => token.Value.Equals(word, StringComparison.OrdinalIgnoreCase);

    private void ReadTokens()
    {
        var at = 0;
        while (true)
        {
            while (at < _text.Length && char.IsWhiteSpace(_text[at])) at++;
            if (at == _text.Length) break;
            var start = at;
            var first = _text[at];
            if (char.IsAsciiDigit(first) || (first == '.' && at + 1 < _text.Length && char.IsAsciiDigit(_text[at + 1]))) ReadNumber(ref at);
            else if (first is '"' or '\'') _tokens.Add(new Token(TokenKind.Text, ReadQuoted(ref at, first, "text"), start, at - start));
            else if (first is '`' or '[') _tokens.Add(new Token(TokenKind.QuotedName, ReadQuoted(ref at, first == '[' ? ']' : '`', "column name"), start, at - start));
            else if (char.IsLetter(first) || first == '_')
            {
                while (at < _text.Length && (char.IsLetterOrDigit(_text[at]) || _text[at] is '_' or '.' || char.GetUnicodeCategory(_text[at]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)) at++;
                _tokens.Add(new Token(TokenKind.Name, _text[start..at], start, at - start));
            }
            else
            {
                var sign = at + 1 < _text.Length && _text.Substring(at, 2) is "==" or "!=" or "<>" or "<=" or ">=" ? _text.Substring(at, 2) : first.ToString();
                if (sign.Length == 1 && !"+-*/%^()=<>,".Contains(first))
                    throw new ExpressionSyntaxException($"Found '{Rune(at)}', which means nothing in an expression{Hint(first)}.", at, 1);
                at += sign.Length;
                _tokens.Add(new Token(TokenKind.Sign, sign, start, sign.Length));
            }
        }
        _tokens.Add(new Token(TokenKind.End, "", _text.Length, 0));
    }

    private string Rune(int at) => char.IsHighSurrogate(_text[at]) && at + 1 < _text.Length ? _text.Substring(at, 2) : _text[at].ToString();

    private static string Hint(char sign) => sign switch
    {
        '&' => "; write 'and'",
        '|' => "; write 'or'",
        '!' => "; write 'not', or '!=' for 'differs'",
        ';' => "; arguments are parted by commas",
        _ => "; a column with such a character in its name stands in backticks, `like this`",
    };

    private void ReadNumber(ref int at)
    {
        var start = at;
        while (at < _text.Length && (char.IsAsciiDigit(_text[at]) || _text[at] == '.')) at++;
        if (at < _text.Length && _text[at] is 'e' or 'E')
        {
            var exponent = at + 1;
            if (exponent < _text.Length && _text[exponent] is '+' or '-') exponent++;
            if (exponent < _text.Length && char.IsAsciiDigit(_text[exponent]))
            {
                at = exponent;
                while (at < _text.Length && char.IsAsciiDigit(_text[at])) at++;
            }
        }
        var written = _text[start..at];
        if (!ColumnConversion.TryParseNumber(written, out var value))
            throw new ExpressionSyntaxException($"Found '{written}', expected a finite number such as 12.5 or 1e-3.", start, at - start);
        _tokens.Add(new Token(TokenKind.Number, written, start, at - start, value));
    }

    /// <summary>What stands between the quotes; a quote inside is doubled.</summary>
    private string ReadQuoted(ref int at, char quote, string what)
    {
        var start = at++;
        var value = new System.Text.StringBuilder();
        for (; at < _text.Length; at++)
        {
            if (_text[at] != quote) value.Append(_text[at]);
            else if (at + 1 < _text.Length && _text[at + 1] == quote) value.Append(_text[at++]);
            else
            {
                at++;
                return value.ToString();
            }
        }
        throw new ExpressionSyntaxException($"The {what} that starts here has no closing {quote}.", start, _text.Length - start);
    }
}
