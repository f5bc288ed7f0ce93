import numpy as np
from sklearn.linear_model import Lasso, LogisticRegression
# The same rows as the C# test: a linear congruential generator, so that both sides draw alike.
state = 12345
def draw():
    global state
    state = (state * 1103515245 + 12345) % 2**31
    return state / 2**31
n, p = 200, 6
X = np.array([[np.float32(2 * draw() - 1) for _ in range(p)] for _ in range(n)], dtype=np.float64)
z = 1.5 * X[:, 0] - 1.0 * X[:, 1] + 0.3 * X[:, 2] + 0.4
noise = np.array([draw() - 0.5 for _ in range(n)])
y = (z + noise).astype(np.float32).astype(np.float64)
m = Lasso(alpha=0.05, tol=1e-12, max_iter=100000).fit(X, y)
print('lasso', [f'{v:.6f}' for v in m.coef_], f'{m.intercept_:.6f}')
b = (z + 2 * noise > 0.4).astype(int)
alpha = 0.02
m = LogisticRegression(penalty='l1', C=1 / (n * alpha), solver='saga', tol=1e-10, max_iter=200000).fit(X, b)
print('logistic', [f'{v:.5f}' for v in m.coef_[0]], f'{m.intercept_[0]:.5f}')
c = np.digitize(z + noise, [0, 1])
m = LogisticRegression(penalty='l1', C=1 / (n * alpha), solver='saga', tol=1e-10, max_iter=200000).fit(X, c)
print('softmax', [[f'{v:.5f}' for v in r] for r in m.coef_], [f'{v:.5f}' for v in m.intercept_])
